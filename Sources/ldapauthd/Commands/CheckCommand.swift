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
            sample search, groups; then its clock and its lock-out are compared with what is set here. With --user the search \
            looks for that person, and with --password-file also tries the login.

            Exit codes: 0 when a login can work, warnings included; 69 when something failed; 78 when the configuration is wrong.
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
            let configuration = try config.load().holdingSecrets()
            var report = CheckReport(live: !json)
            report.begin("configuration")
            report.add(CheckStep("configuration", .passed, .zero, "\(configuration.file) is in order"))
            for step in await LocalChecks.steps(configuration) { report.add(step) }
            let pools = Pools(hashThreads: 1)
            let poller = try EventPoller()
            for directory in configuration.directories {
                report.begin("directory \(directory.id) “\(directory.name)”")
                let throttle = configuration.throttle
                let check = try DirectoryCheck(
                    directory,
                    user: user,
                    throttle: throttle.limitsAccounts ? throttle.accountFailures : 0,
                    poller: poller,
                    pools: pools
                )
                if let groups = try await check.run(into: &report), user != nil {
                    for step in TokenChecks.steps(configuration, groups: groups) { report.add(step) }
                }
            }
            try await kerberosSteps(configuration, poller, pools, into: &report)
            if let user, !configuration.directories.isEmpty, !report.hasPassed("sample user") {
                report.begin("person")
                report.add(Self.nobodyKnows(user, report))
            }
            pools.shutdown()
            poller.shutdown()
            if let user, let passwordFile {
                report.begin("login")
                let password = try PasswordPrompt.read(from: passwordFile, prompt: "Password for \(user)")
                report.add(try await loginStep(configuration, user, password))
            }
            if json { Terminal.say(report.json) }
            guard !report.hasFailed else {
                throw CommandFailure(.unavailable, "Not everything is in order; see above.")
            }
        }
    }
}

extension CheckCommand {
    /// Nobody was found: because nobody is there, or because a directory could not say.
    fileprivate static func nobodyKnows(_ user: String, _ report: CheckReport) -> CheckStep {
        // “Nobody is called …” is a warning; a step that failed or was skipped says nothing of the person.
        let silent = report.sections(without: [.passed, .warning], of: "sample user")
        guard !silent.isEmpty else {
            let message = "no directory knows “\(user)”"
            return CheckStep("person", .failed, .zero, message, remedy: "check the name, user_filter and user_scope")
        }
        let message = "nobody can say whether “\(user)” is known: no answer from \(silent.joined(separator: ", "))"
        return CheckStep("person", .failed, .zero, message, remedy: "see what failed there")
    }

    fileprivate func kerberosSteps(
        _ configuration: Configuration,
        _ poller: EventPoller,
        _ pools: Pools,
        into report: inout CheckReport
    ) async throws {
        guard configuration.kerberos.keytab != nil else { return }
        report.begin("kerberos")
        let directories = try configuration.directories.map {
            try DirectoryAuth.Directory(settings: $0.settings, poller: poller, pool: pools.blocking, logger: .quiet)
        }
        let checks = KerberosChecks(
            configuration: configuration,
            directories: directories,
            poller: poller,
            pools: pools
        )
        for step in await checks.steps() { report.add(step) }
        for directory in directories { await directory.shutdown() }
    }

    /// One login, the sources asked in the order of a request that names none.
    fileprivate func loginStep(_ configuration: Configuration, _ user: String, _ password: Password) async throws
        -> CheckStep
    {
        let begun = ContinuousClock.now
        var silent = CheckReport(live: false)
        let result = try await LoginCommand.attempt(configuration, name: user, password: password, &silent)
        let duration = ContinuousClock.now - begun
        switch result {
        case .authenticated(let identity):
            let message = "“\(identity.username)” is let in by \(identity.sourceName)"
            return CheckStep("login", .passed, duration, message)
        case .rejected(let rejection):
            let message = "refused: \(rejection.reason.rawValue) \(rejection.detail)"
            return CheckStep("login", .failed, duration, message, remedy: LoginText.remedy(rejection))
        case .unavailable(let outage):
            return CheckStep("login", .failed, duration, outage.detail, remedy: "see the directory's steps above")
        }
    }
}

/// The steps of one directory.
private struct DirectoryCheck {
    private let settings: DirectorySettings
    private let directory: DirectoryAuth.Directory
    private let user: String?
    private let throttle: Int
    private let limit: Duration

    init(
        _ configuration: Configuration.Directory,
        user: String?,
        throttle: Int,
        poller: EventPoller,
        pools: Pools
    ) throws {
        settings = configuration.settings
        directory = try DirectoryAuth.Directory(
            settings: settings,
            poller: poller,
            pool: pools.blocking,
            logger: .quiet
        )
        self.user = user
        self.throttle = throttle
        limit = configuration.connectTimeout + configuration.operationTimeout * 4
    }

    /// - Returns: the person's groups, where they were found.
    func run(into report: inout CheckReport) async throws -> [String]? {
        var groups: [String]?
        let deadline = ContinuousClock.now + limit * (settings.hosts.count + 4 * settings.discoveries.count)
        for step in await DirectoryProbe(directory, throttle: throttle).run(username: user, deadline: deadline) {
            report.add(CheckStep(step))
            groups = groups ?? step.groups
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
        return groups
    }
}
