import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// What `ldapauthd check` reads of lock-outs and clocks where they differ from OpenLDAP.
@Suite struct DoctorTests {
    private static func steps(_ directory: Directory, _ user: String) async -> [DirectoryProbe.Step] {
        await DirectoryProbe(directory, throttle: 5).run(username: user, deadline: .now + .seconds(30))
    }

    @Test func activeDirectoryTellsItsTimeAndItsThreshold() async throws {
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba)
        let steps = await Self.steps(live.directory, "nobody")
        let clock = try #require(steps.first { $0.name == .clock }, "\(steps)")
        #expect(clock.verdict == .passed && clock.message.hasPrefix("this machine and the server agree"), "\(clock)")
        let lockout = try #require(steps.first { $0.name == .lockout })
        // A fresh domain locks nobody; other tests give the shared one a threshold.
        #expect(lockout.verdict != .skipped && lockout.message.hasPrefix("the server locks "), "\(lockout)")
        await live.directory.shutdown()
    }

    @Test func the389ServerTellsItsThresholdToItsManagerOnly() async throws {
        var options = DirectoryServer389.Options()
        options.policy = ["passwordLockout": "on", "passwordMaxFailure": "3"]
        let server = try await DirectoryServer389.start(options)
        let live = try CorporateDirectory(server)
        let hidden = try #require(await Self.steps(live.directory, "alice").first { $0.name == .lockout })
        #expect(hidden.verdict == .skipped, "\(hidden)")
        #expect(
            hidden.message.hasPrefix("passwordMaxFailure in cn=config may not be read as this account"),
            "\(hidden)"
        )
        await live.directory.shutdown()
        let manager = try CorporateDirectory(server) { settings in
            let password = server.adminPassword
            settings.hosts[0].serviceIdentities = [.simple(dn: server.adminDN) { Password(password) }]
        }
        let seen = try #require(await Self.steps(manager.directory, "alice").first { $0.name == .lockout })
        #expect(seen.verdict == .warning, "\(seen)")
        #expect(seen.message.hasPrefix("the server locks an account after 3 wrong passwords, and"), "\(seen)")
        await manager.directory.shutdown()
        await server.stop()
    }
}
