import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// The states of ppolicy at a real slapd, as docs/openldap.md, “Password policy”, tells them.
@Suite struct PasswordPolicyTests {
    static func start(_ policy: [String: String], _ tellsLockout: Bool = false) async throws -> Slapd {
        var options = Slapd.Options()
        options.passwordPolicy = policy
        options.policyTellsLockout = tellsLockout
        return try await Slapd.start(options)
    }

    static func change(_ uid: String, _ lines: String) -> String {
        "dn: uid=\(uid),ou=people,dc=example,dc=org\nchangetype: modify\n\(lines)\n"
    }

    /// Sets a password as an administrator other than the rootdn would, so that ppolicy notes it.
    static func setPassword(_ uid: String, _ password: String) -> String {
        change(uid, "replace: userPassword\nuserPassword: \(password)")
    }

    @Test func mustChangeIsNoSuccess() async throws {
        let live = try LiveDirectory(await Self.start(["pwdMustChange": "TRUE"]))
        try await live.slapd.modify(Self.change("alice", "add: pwdReset\npwdReset: TRUE"))
        let rejection = try await live.rejection("alice", "alice-secret")
        #expect(rejection.reason == .mustChangePassword && rejection.passwordProved)
        let wrong = try await live.rejection("alice", "wrong")
        #expect(wrong.reason == .wrongPassword && !wrong.passwordProved)
        _ = try await live.identity("bob", "bob-secret")
        await live.stop()
    }

    @Test func mustChangeIsNoSuccessForATemplateEither() async throws {
        let live = try LiveDirectory(await Self.start(["pwdMustChange": "TRUE"])) {
            TemplateLoginTests.template(&$0, searches: false)
        }
        try await live.slapd.modify(Self.change("alice", "add: pwdReset\npwdReset: TRUE"))
        #expect(try await live.rejection("alice", "alice-secret").reason == .mustChangePassword)
        _ = try await live.identity("bob", "bob-secret")
        await live.stop()
    }

    @Test func expiredIsToldOnlyWithTheRightPassword() async throws {
        let live = try LiveDirectory(await Self.start(["pwdMaxAge": "1"]))
        try await live.slapd.modify(Self.setPassword("alice", "fresh-secret"))
        try await Task.sleep(for: .seconds(2.5))
        let rejection = try await live.rejection("alice", "fresh-secret")
        #expect(rejection.reason == .passwordExpired && rejection.passwordProved)
        let wrong = try await live.rejection("alice", "wrong")
        #expect(wrong.reason == .wrongPassword && !wrong.passwordProved)
        await live.stop()
    }

    @Test func graceLoginsAreLoginsOneEach() async throws {
        let live = try LiveDirectory(await Self.start(["pwdMaxAge": "1", "pwdGraceAuthNLimit": "2"])) {
            $0.dnCache = .seconds(60)
        }
        try await live.slapd.modify(Self.setPassword("alice", "fresh-secret"))
        try await Task.sleep(for: .seconds(2.5))
        _ = try await live.identity("alice", "fresh-secret")
        _ = try await live.identity("alice", "fresh-secret")
        #expect(try await live.rejection("alice", "fresh-secret").reason == .passwordExpired)
        await live.stop()
    }

    @Test(arguments: [true, false]) func lockedIsNeverProved(_ tellsLockout: Bool) async throws {
        let live = try LiveDirectory(await Self.start(["pwdLockout": "TRUE", "pwdMaxFailure": "2"], tellsLockout))
        let identity = try await live.identity("alice", "alice-secret")
        for _ in 0..<2 { #expect(try await live.rejection("alice", "wrong").reason == .wrongPassword) }
        for password in ["alice-secret", "wrong"] {
            let rejection = try await live.rejection("alice", password)
            // By slapd's own word, or by what the entry says.
            #expect(rejection.reason == .locked)
            #expect(rejection.detail.contains("pwdAccountLockedTime") == !tellsLockout, "\(rejection)")
            #expect(!rejection.passwordProved)
        }
        guard case .ended(let rejection) = await live.recheck(identity) else {
            Issue.record("a locked account goes on")
            return
        }
        #expect(rejection.reason == .locked)
        await live.stop()
    }

    @Test func theCacheCostsNoFailuresOfItsOwn() async throws {
        // Three failures lock: with one bind an attempt, two wrong ones do not.
        let live = try LiveDirectory(await Self.start(["pwdLockout": "TRUE", "pwdMaxFailure": "3"])) {
            $0.dnCache = .seconds(60)
        }
        _ = try await live.identity("alice", "alice-secret")
        for _ in 0..<2 { #expect(try await live.rejection("alice", "wrong").reason == .wrongPassword) }
        _ = try await live.identity("alice", "alice-secret")
        await live.stop()
    }

    @Test func aPasswordChangeEndsOldSessionsAndNotNewOnes() async throws {
        let live = try LiveDirectory(await Self.start(["pwdMinAge": "0"])) { $0.dnCache = .seconds(60) }
        let before = try await live.identity("alice", "alice-secret")
        guard case .current = await live.recheck(before) else {
            Issue.record("nothing has changed")
            return
        }
        try await live.slapd.modify(Self.setPassword("alice", "other-secret"))
        guard case .passwordChanged = await live.recheck(before) else {
            Issue.record("the change was not seen")
            return
        }
        // The entry is still remembered, but was read before the change.
        let after = try await live.identity("alice", "other-secret")
        #expect(after.credentialState != nil)
        guard case .current = await live.recheck(after) else {
            Issue.record("the new session begins with the old state")
            return
        }
        #expect(try await live.rejection("alice", "alice-secret").reason == .wrongPassword)
        await live.stop()
    }
}
