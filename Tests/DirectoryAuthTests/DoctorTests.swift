import Authentication
import LDAPClient
import Logging
import TestSupport
import Testing

@testable import DirectoryAuth

/// What `ldapauthd check` says of a directory's lock-out and clock.
@Suite struct DoctorTests {
    typealias Step = DirectoryProbe.Step

    private static func lockout(_ live: LiveDirectory, throttle: Int) async throws -> Step {
        let steps = await DirectoryProbe(live.directory, throttle: throttle).run(
            username: "alice",
            deadline: .now + .seconds(15)
        )
        return try #require(steps.first { $0.name == .lockout }, "\(steps)")
    }

    static let rows: [([String: String]?, Int, Step.Verdict, String, String?)] = [
        (
            ["pwdLockout": "TRUE", "pwdMaxFailure": "3"], 5, .warning,
            "the server locks an account after 3 wrong passwords, and throttle.account_failures lets 5 through: anybody can "
                + "have anybody locked", "set throttle.account_failures to 2 or less"
        ),
        (
            ["pwdLockout": "TRUE", "pwdMaxFailure": "3"], 3, .warning,
            "the server locks an account after 3 wrong passwords, and throttle.account_failures lets 3 through: anybody can "
                + "have anybody locked", "set throttle.account_failures to 2 or less"
        ),
        (
            ["pwdLockout": "TRUE", "pwdMaxFailure": "3"], 0, .warning,
            "the server locks an account after 3 wrong passwords, and here nothing stops them: anybody can have anybody locked",
            "set throttle.account_failures to 2 or less"
        ),
        (
            ["pwdLockout": "TRUE", "pwdMaxFailure": "1"], 5, .warning,
            "the server locks an account after 1 wrong passwords, and throttle.account_failures lets 5 through: anybody can "
                + "have anybody locked", "raise the server's threshold: no throttle lies below 1"
        ),
        (
            ["pwdLockout": "TRUE", "pwdMaxFailure": "6"], 5, .passed,
            "the server locks an account after 6 wrong passwords; the throttle stops them after 5", nil
        ),
        (
            ["pwdLockout": "FALSE", "pwdMaxFailure": "3"], 5, .passed,
            "the server locks no account for wrong passwords", nil
        ),
        (nil, 5, .skipped, "the server has no password policies", nil),
    ]

    @Test(arguments: rows.indices) func theThrottleIsComparedWithTheServersThreshold(_ index: Int) async throws {
        let (policy, throttle, verdict, message, remedy) = Self.rows[index]
        var options = Slapd.Options()
        options.passwordPolicy = policy
        let live = try LiveDirectory(await Slapd.start(options))
        let step = try await Self.lockout(live, throttle: throttle)
        #expect(step.verdict == verdict && step.message == message && step.remedy == remedy, "\(step)")
        await live.stop()
    }

    @Test func aPolicyThatMayNotBeReadIsSaid() async throws {
        var options = Slapd.Options()
        options.passwordPolicy = ["pwdLockout": "TRUE", "pwdMaxFailure": "3"]
        options.accessRules = [
            "to dn.subtree=\"ou=policies,dc=example,dc=org\" by * none",
            "to attrs=userPassword by anonymous auth by * none",
            "to * by * read",
        ]
        let live = try LiveDirectory(await Slapd.start(options))
        let step = try await Self.lockout(live, throttle: 5)
        #expect(step.verdict == .skipped)
        #expect(
            step.message == "pwdMaxFailure of a password policy may not be read as this account: compare it with "
                + "throttle.account_failures by hand"
        )
        await live.stop()
    }

    @Test(arguments: [
        ("20261122120000.0Z", Step.Verdict.passed, "this machine and the server agree"),
        ("20261122120030.0Z", .passed, "this machine and the server agree to 30 s"),
        ("20261122120500.0Z", .warning, "this machine's clock is 300 s behind the server's"),
        ("20261122110000.0Z", .warning, "this machine's clock is 3600 s ahead of the server's"),
    ])
    func clocksAreCompared(_ time: String, _ verdict: Step.Verdict, _ message: String) async throws {
        let host = ScriptedHost("dc")
        host.answerRootDSE(with: ["currentTime": time])
        var settings = DirectorySettings(
            id: SourceID(1),
            name: "corp",
            kind: .activeDirectory,
            hosts: [host.settings],
            userBase: "dc=example,dc=org"
        )
        settings.hosts[0].serviceIdentities = [.anonymous]
        settings.groups.mode = .none
        let directory = try Directory(
            settings: settings,
            hosts: [host],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            wallClock: FixedWallClock(seconds: try #require(GeneralizedTime.seconds("20261122120000Z")))
        )
        let steps = await DirectoryProbe(directory).run(deadline: .now + .seconds(5))
        let step = try #require(steps.first { $0.name == .clock }, "\(steps)")
        #expect(step.verdict == verdict && step.message == message, "\(step)")
        #expect((step.remedy == nil) == (verdict == .passed))
        await directory.shutdown()
    }
}

private struct FixedWallClock: WallClock {
    let seconds: Int64
    func now() -> Timestamp { Timestamp(seconds: seconds) }
}
