import ArgumentParser
import Authentication
import DirectoryAuth
import EventPoller
import LDAPClient
import Logging

/// `ldapauthd check`: the doctor.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Checks the configuration, the files and every directory, step by step.",
        discussion: """
            Each directory is walked the way a login walks: name resolution, TCP, TLS, service bind, root DSE, user base, one \
            sample search, groups. With --user the search looks for that person, and with --password-file also tries the login.
            """
    )

    @Option(help: ArgumentHelp("Look for this person instead of any.", valueName: "name"))
    var user: String?
    @Option(help: ArgumentHelp("Also log that person in: a file with the password, or -.", valueName: "file"))
    var passwordFile: String?
    @Flag(help: "One JSON object, for scripts.")
    var json = false
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        if passwordFile != nil && user == nil { throw ValidationError("--password-file needs --user.") }
    }

    func run() async throws {
        try await reporting {
            let configuration = try config.load()
            var report = CheckReport(live: !json)
            report.begin("configuration")
            report.add(CheckStep("configuration", .passed, .zero, "\(configuration.file) is in order"))
            for step in await LocalChecks.steps(configuration) { report.add(step) }
            let pools = Pools(hashThreads: 1)
            let poller = try EventPoller()
            for directory in configuration.directories {
                report.begin("directory \(directory.id) “\(directory.name)”")
                try await DirectoryCheck(directory, user: user, poller: poller, pools: pools).run(into: &report)
            }
            pools.shutdown()
            poller.shutdown()
            if json { Terminal.say(report.json) }
            if let user, let passwordFile, !report.hasFailed {
                let password = try PasswordPrompt.read(from: passwordFile, prompt: "Password for \(user)")
                let result = try await LoginCommand.attempt(configuration, name: user, password: password)
                try LoginReport.tell(result, configuration: configuration)
            }
            guard !report.hasFailed else {
                throw CommandFailure(.unavailable, "Not everything is in order; see above.")
            }
        }
    }
}

/// The steps of one directory.
private struct DirectoryCheck {
    private let settings: DirectorySettings
    private let directory: DirectoryAuth.Directory
    private let user: String?
    private let limit: Duration

    init(_ configuration: Configuration.Directory, user: String?, poller: EventPoller, pools: Pools) throws {
        settings = configuration.settings
        directory = try DirectoryAuth.Directory(
            settings: settings,
            poller: poller,
            pool: pools.blocking,
            logger: .quiet
        )
        self.user = user
        limit = configuration.connectTimeout + configuration.operationTimeout * 4
    }

    func run(into report: inout CheckReport) async throws {
        let deadline = ContinuousClock.now + limit * settings.hosts.count
        for step in await DirectoryProbe(directory).run(username: user, deadline: deadline) {
            report.add(CheckStep(step))
        }
        if !directory.hasSearchingIdentity {
            report.add(
                CheckStep(
                    "refresh",
                    .warning,
                    .zero,
                    "nobody but people themselves can search here, so a refresh cannot look whether they are still allowed",
                    remedy: "set bind_dn and bind_password_file"
                )
            )
        }
        await directory.shutdown()
    }
}
