import ArgumentParser
import Authentication
import DirectoryAuth
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
            With --server-id it asks what POST /token asks for that LDAPServerId (for 0, as for none, default_directory); without, \
            what POST /api/v1/auth/token asks: the directory of the name's domain, else the sources of authentication.order. Each source asked is shown with its steps, \
            and of one that does not answer every step of the way there. It opens no session, and no throttle stands in front of \
            it; a wrong password counts at the directory like any other.

            Exit codes: 0 let in, 1 refused, 69 nobody could say.
            """
    )

    @Argument(help: "The name, as a user would type it.")
    var name: String
    @Option(help: ArgumentHelp("The LDAPServerId to name.", valueName: "n"))
    var serverID: Int32?
    @Option(help: ArgumentHelp("A file with the password, or - for standard input; asks otherwise.", valueName: "file"))
    var passwordFile: String?
    @Flag(help: "One JSON object, for scripts.")
    var json = false
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
            var report = CheckReport(live: !json)
            let result = try await Self.attempt(
                configuration,
                name: name,
                password: password,
                serverID: serverID,
                &report
            )
            if json {
                Terminal.say(LoginReport.json(result, steps: report, configuration: configuration))
            } else {
                Terminal.say("")
                LoginReport.tell(result, configuration: configuration)
            }
            if let failure = LoginReport.failure(result) { throw failure }
        }
    }

    /// One login on the production code path, without a session; the steps of each source go into `report`.
    static func attempt(
        _ configuration: Configuration,
        name: String,
        password: Password,
        serverID: Int32? = nil,
        _ report: inout CheckReport
    ) async throws -> AuthenticationResult {
        let accounts = await PresentAccounts.open(configuration)
        let pools = Pools(hashThreads: 1)
        let poller = try EventPoller()
        let trace = LoginTrace()
        let sources = try Sources(
            configuration,
            accounts: accounts,
            poller: poller,
            pools: pools,
            logger: .quiet,
            phases: { trace.phases(of: $0) }
        )
        let authenticator = Authenticator(
            settings: configuration.authentication,
            local: TracedSource(source: sources.local, trace: trace),
            directories: sources.running.map { TracedDirectory($0.directory, trace: trace) }
        )
        // As POST /token reads the number: 0 is none, which means default_directory, or else the local accounts.
        let directory = serverID.map { SourceID($0 != 0 ? $0 : configuration.tokens.defaultDirectory ?? 0) }
        let client = serverID == nil ? configuration.tokens.defaultClient : configuration.tokens.loginClient
        let result = await authenticator.authenticate(
            AuthenticationRequest(
                username: name,
                password: password,
                selection: directory.map { .directory($0) } ?? .unnamed,
                sources: configuration.clients.first { $0.id == client }?.sources ?? []
            )
        )
        for asked in trace.sources {
            report.begin(asked.source == .local ? "local accounts" : "directory \(asked.source) “\(asked.name)”")
            for step in LoginSteps.steps(of: asked) { report.add(step) }
            guard case .unavailable = asked.result,
                let directory = sources.running.first(where: { $0.directory.id == asked.source })?.directory
            else { continue }
            let deadline = ContinuousClock.now + .seconds(20)
            for step in await DirectoryProbe(directory).run(username: name, deadline: deadline) {
                report.add(CheckStep(step))
            }
        }
        // Where local accounts were asked, it is told already.
        if let trouble = accounts.trouble, !trace.sources.contains(where: { $0.source == .local }) {
            report.begin("store")
            let remedy = "the daemon opens no session until that is mended; `ldapauthd check` says more"
            report.add(CheckStep("store", .warning, .zero, trouble.detail, remedy: remedy))
        }
        await sources.shutdown()
        await accounts.close()
        pools.shutdown()
        poller.shutdown()
        return result
    }
}
