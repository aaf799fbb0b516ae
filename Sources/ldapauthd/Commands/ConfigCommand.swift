import ArgumentParser

/// `ldapauthd config …`.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Looks at the configuration.",
        subcommands: [ConfigPrint.self]
    )
}

/// `ldapauthd config print`.
struct ConfigPrint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "print",
        abstract: "Prints the configuration as it takes effect, defaults filled in.",
        discussion: "Secrets are named by their files, never shown. The output is a configuration file itself."
    )

    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            Terminal.say(ConfigurationText(try config.load(filesToo: false)).text)
        }
    }
}
