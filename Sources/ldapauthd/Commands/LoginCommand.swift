import ArgumentParser
import Authentication
import EventPoller
import Logging
import Storage
import Tokens

/// `ldapauthd login NAME`: tries a login on the production code path and explains it.
struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Tries a login and explains each step.",
        discussion: """
            With --server-id it asks what POST /token asks for that LDAPServerId; without, what POST /api/v1/auth/token asks: the \
            directory of the name's domain, else the sources of authentication.order. It opens no session. A wrong password \
            counts at the directory like any other.
            """
    )

    @Argument(help: "The name, as a user would type it.")
    var name: String
    @Option(help: ArgumentHelp("The LDAPServerId to name.", valueName: "n"))
    var serverID: Int32?
    @Option(help: ArgumentHelp("A file with the password, or - for standard input; asks otherwise.", valueName: "file"))
    var passwordFile: String?
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            let configuration = try config.load().holdingSecrets()
            if let serverID, serverID != 0, !configuration.directories.contains(where: { $0.id == serverID }) {
                let known = configuration.directories.map { "\($0.id) (\($0.name))" }.joined(separator: ", ")
                throw CommandFailure(
                    .badInput,
                    "\(serverID) is the id of no [[directory]]; there are: \(known.isEmpty ? "none" : known)"
                )
            }
            let password = try PasswordPrompt.read(from: passwordFile, prompt: "Password for \(name)")
            let result = try await Self.attempt(configuration, name: name, password: password, serverID: serverID)
            try LoginReport.tell(result, configuration: configuration)
        }
    }

    /// One login on the production code path, without a session.
    static func attempt(
        _ configuration: Configuration,
        name: String,
        password: Password,
        serverID: Int32? = nil
    ) async throws -> AuthenticationResult {
        let store = try await configuration.openStore(logger: .quiet)
        let pools = Pools(hashThreads: 1)
        let poller = try EventPoller()
        let sources = try Sources(configuration, accounts: store, poller: poller, pools: pools, logger: .quiet)
        let client = serverID == nil ? configuration.tokens.defaultClient : configuration.tokens.loginClient
        let result = await sources.authenticator.authenticate(
            AuthenticationRequest(
                username: name,
                password: password,
                selection: serverID.map { .directory(SourceID($0)) } ?? .unnamed,
                sources: configuration.clients.first { $0.id == client }?.sources ?? []
            )
        )
        await sources.shutdown()
        await store.close()
        pools.shutdown()
        poller.shutdown()
        return result
    }
}
