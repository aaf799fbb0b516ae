import ArgumentParser
import Glibc

/// `ldapauthd reload`: asks the running daemon to read its configuration again, and exits with its verdict.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Makes the running daemon read its configuration again.",
        discussion: """
            The new configuration counts whole, or the old one goes on and the reason is told (exit code 78: the \
            configuration; 69: no daemon answers, or its store does not; 77: not permitted).
            """
    )

    @Option(
        help: ArgumentHelp(
            "The daemon's control socket (default: $RUNTIME_DIRECTORY/control.sock, else \(ControlSocket.standard)).",
            valueName: "path"
        )
    )
    var socket: String?

    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            let answer = try ControlClient.ask(
                ControlRequest(command: .reload, configuration: config.named),
                at: socket ?? Self.socketOfTheService() ?? ControlSocket.standard
            )
            guard answer.code == 0 else {
                throw CommandFailure(CommandFailure.Code(rawValue: answer.code) ?? .unavailable, answer.message)
            }
            Terminal.say(answer.message)
        }
    }

    /// `ExecReload=` runs with the variables of the service.
    private static func socketOfTheService() -> String? {
        ControlSocket.path(
            runtimeDirectory: unsafe getenv("RUNTIME_DIRECTORY").map { unsafe String(cString: $0) }
        )
    }
}
