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
    var path: String {
        if let file { return file }
        if let named = unsafe getenv("LDAPAUTHD_CONFIG") { return unsafe String(cString: named) }
        return "/etc/ldapauthd/ldapauthd.toml"
    }

    /// Reads and judges the file, and with `filesToo` the files it names.
    func load(filesToo: Bool = true) throws(ConfigurationError) -> Configuration {
        try Configuration.load(file: path, filesToo: filesToo)
    }
}
