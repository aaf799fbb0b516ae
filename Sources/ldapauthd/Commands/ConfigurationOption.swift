import ArgumentParser
import Glibc

/// `--config FILE`, the same for every command.
struct ConfigurationOption: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp(
            "The configuration file (default: $LDAPAUTHD_CONFIG, else /etc/ldapauthd/ldapauthd.toml).",
            valueName: "file"
        )
    )
    var file: String?

    /// The file that counts.
    var path: String { chosen ?? "/etc/ldapauthd/ldapauthd.toml" }

    /// The file somebody named, absolute; nil when nobody did.
    var named: String? { chosen.map(ConfigurationPath.absolute) }

    private var chosen: String? {
        if let file { return file }
        return unsafe getenv("LDAPAUTHD_CONFIG").map { unsafe String(cString: $0) }
    }

    /// Reads and judges the file, and with `filesToo` the files it names.
    func load(filesToo: Bool = true) throws(ConfigurationError) -> Configuration {
        try Configuration.load(file: path, filesToo: filesToo)
    }
}
