import ArgumentParser

/// The version of the program, in one place.
enum Version {
    static let number = "0.1.0"
}

/// `ldapauthd version`.
struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Prints the version.")

    @Flag(help: "One JSON object, for scripts.")
    var json = false

    func run() async throws {
        Terminal.say(
            json ? JSONText.object([("version", JSONText.string(Version.number))]) : "ldapauthd \(Version.number)"
        )
    }
}
