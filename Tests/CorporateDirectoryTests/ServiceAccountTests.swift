import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// The account that searches is refused by a real domain controller, and mended there; the file of its password stays.
@Suite struct ServiceAccountTests {
    /// Each fault, how it is mended, and how many failures the domain may have counted while it lasted.
    static let faults:
        [(
            name: String, fault: @Sendable (SambaServer, String) async throws -> Void,
            mend: @Sendable (SambaServer, String) async throws -> Void
        )] = [
            ("svc-disabled", { try await $0.disable($1) }, { try await $0.setAccountControl($1, 0x200) }),
            ("svc-over", { try await $0.expireAccount($1) }, { try await $0.set("accountExpires", of: $1, to: "0") }),
            (
                "svc-change", { try await $0.requirePasswordChange($1) },
                { try await $0.set("pwdLastSet", of: $1, to: "-1") }
            ),
            ("svc-locked", { try await $0.lock($1) }, { try await $0.unlock($1) }),
        ]

    @Test(arguments: faults.indices) func aMendedAccountIsSoonInUseAndNeverLockedByUs(_ index: Int) async throws {
        let samba = try await SambaServer.shared()
        let (name, fault, mend) = Self.faults[index]
        try await samba.addUser(name, password: "service-secret")
        try await samba.addUser("\(name)-user", password: "right-secret")
        try await fault(samba, name)
        let before = try await samba.badPasswordCount(name)
        let dn = samba.dn(of: name)
        let live = try CorporateDirectory(samba) { settings in
            settings.hosts[0].serviceIdentities = [.simple(dn: dn) { Password("service-secret") }]
        }
        guard case .unavailable(let outage) = await live.login("\(name)-user", "right-secret") else {
            Issue.record("let in although nobody could search")
            return
        }
        #expect(outage.detail.contains("service bind failed"), "\(outage.detail)")
        #expect(
            await eventually(within: .seconds(25)) { samba.authentications(of: name) >= 2 },
            "tried again by itself"
        )
        #expect(try await samba.badPasswordCount(name) == before, "counted as guesses")
        try await mend(samba, name)
        let isIn = await eventually(within: .seconds(45), every: .milliseconds(500)) {
            if case .authenticated = await live.login("\(name)-user", "right-secret") { true } else { false }
        }
        #expect(isIn, "\(name)")
        await live.directory.shutdown()
    }

    /// A wrong password is a guess: two in the first minute, and an operator may ask for one more.
    @Test func aWrongPasswordIsTriedRarely() async throws {
        let samba = try await SambaServer.shared()
        try await samba.addUser("svc-wrong", password: "another-secret")
        try await samba.addUser("svc-wrong-user", password: "right-secret")
        let dn = samba.dn(of: "svc-wrong")
        let live = try CorporateDirectory(samba) { settings in
            settings.hosts[0].serviceIdentities = [.simple(dn: dn) { Password("service-secret") }]
        }
        for _ in 0..<20 {
            _ = await live.login("svc-wrong-user", "right-secret")
            try await Task.sleep(for: .seconds(1))
        }
        #expect(try await samba.badPasswordCount("svc-wrong") == 2, "below the threshold of three")
        try await samba.setPassword("svc-wrong", "service-secret")
        if case .authenticated = await live.login("svc-wrong-user", "right-secret") { Issue.record("tried too soon") }
        live.directory.retryServiceAccounts()
        let isIn = await eventually(within: .seconds(10), every: .milliseconds(200)) {
            if case .authenticated = await live.login("svc-wrong-user", "right-secret") { true } else { false }
        }
        #expect(isIn)
        await live.directory.shutdown()
    }
}
