import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// Changes of passwords at a real slapd with ppolicy.
@Suite struct PasswordChangeTests {
    /// What came of one, in a word.
    static func change(
        _ directory: Directory,
        _ account: SourceAccount,
        _ old: String,
        _ new: String
    ) async -> String {
        let answer = await directory.changePassword(
            of: account,
            from: Password(old),
            to: Password(new),
            deadline: .now + .seconds(40),
            gate: OpenGate()
        )
        return switch answer {
        case .changed: "changed"
        case .rejected(let rejection): rejection.reason.rawValue
        case .refused(let refusal): refusal.reason.rawValue
        case .unavailable(let outage): outage.detail
        }
    }

    private func change(_ live: LiveDirectory, _ name: String, _ old: String, _ new: String) async -> String {
        await Self.change(live.directory, .named(name), old, new)
    }

    /// Nothing here is about time, and the machine may be busy.
    private static func patient(_ settings: inout DirectorySettings) {
        for index in settings.hosts.indices {
            settings.hosts[index].connectTimeout = .seconds(20)
            settings.hosts[index].operationTimeout = .seconds(20)
        }
    }

    private func start(_ policy: [String: String], serviceWrites: Bool = false) async throws -> LiveDirectory {
        var options = Slapd.Options()
        options.passwordPolicy = policy
        if serviceWrites {
            options.accessRules = [
                "to attrs=userPassword by dn.exact=\"cn=service,dc=example,dc=org\" =xw by self =xw by anonymous auth by * none",
                "to * by dn.exact=\"cn=service,dc=example,dc=org\" read by self write by * read",
            ]
        }
        return try LiveDirectory(await Slapd.start(options)) {
            $0.dnCache = .seconds(60)
            Self.patient(&$0)
        }
    }

    @Test func theNewOneWorksAtOnceAndTheOldOneNoMore() async throws {
        let live = try await start(["pwdCheckQuality": "0"])
        let before = try await live.identity("alice", "alice-secret")
        #expect(await change(live, "alice", "wrong", "new-secret") == "wrong-password")
        #expect(await change(live, "nobody", "x", "new-secret") == "unknown-user")
        #expect(await change(live, "twin", "x", "new-secret") == "ambiguous-user")
        let binds = live.slapd.bindRequests(dn: SampleDirectory().dn(of: "alice"))
        let answer = await live.directory.changePassword(
            of: .named(" ALICE "),
            from: Password("alice-secret"),
            to: Password("ne\u{fc}-secret"),
            deadline: .now + .seconds(40),
            gate: OpenGate()
        )
        guard case .changed(let after) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(await eventually { live.slapd.bindRequests(dn: SampleDirectory().dn(of: "alice")) == binds + 1 })
        #expect(after.key == before.key && after.username == "alice" && after.groups == before.groups)
        #expect(after.credentialState != before.credentialState)
        let login = try await live.identity("alice", "ne\u{fc}-secret")
        #expect(login.credentialState == after.credentialState, "the session that goes on and the next one agree")
        #expect(try await live.rejection("alice", "alice-secret").reason == .wrongPassword)
        #expect(
            await Self.change(live.directory, .known(after.key, locator: after.locator), "ne\u{fc}-secret", "third")
                == "changed"
        )
        _ = try await live.identity("alice", "third")
        await live.stop()
    }

    @Test func everyRefusalIsTold() async throws {
        let live = try await start(["pwdCheckQuality": "2", "pwdMinLength": "8", "pwdInHistory": "3"])
        #expect(await change(live, "alice", "alice-secret", "short") == "too-short")
        #expect(await change(live, "alice", "alice-secret", "second-secret") == "changed")
        #expect(await change(live, "alice", "second-secret", "alice-secret") == "in-history")
        await live.stop()

        let young = try await start(["pwdMinAge": "3600", "pwdCheckQuality": "0"])
        #expect(await change(young, "bob", "bob-secret", "second-secret") == "changed")
        #expect(await change(young, "bob", "second-secret", "third-secret") == "too-young")
        await young.stop()

        let forbidden = try await start(["pwdAllowUserChange": "FALSE"])
        #expect(await change(forbidden, "bob", "bob-secret", "second-secret") == "not-allowed")
        await forbidden.stop()
    }

    @Test func whoMustChangeCan() async throws {
        let live = try await start(["pwdMustChange": "TRUE", "pwdCheckQuality": "0"])
        try await live.slapd.modify(PasswordPolicyTests.change("alice", "add: pwdReset\npwdReset: TRUE"))
        #expect(try await live.rejection("alice", "alice-secret").reason == .mustChangePassword)
        #expect(await change(live, "alice", "wrong", "new-secret") == "wrong-password")
        #expect(await change(live, "alice", "alice-secret", "new-secret") == "changed")
        _ = try await live.identity("alice", "new-secret")
        await live.stop()
    }

    @Test(arguments: [true, false]) func expiredPasswordsAreChangedByTheServiceAccount(_ serviceWrites: Bool)
        async throws
    {
        let live = try await start(["pwdMaxAge": "1", "pwdCheckQuality": "0"], serviceWrites: serviceWrites)
        try await live.slapd.modify(PasswordPolicyTests.setPassword("alice", "old-secret"))
        try await Task.sleep(for: .seconds(2.5))
        #expect(try await live.rejection("alice", "old-secret").reason == .passwordExpired)
        #expect(await change(live, "alice", "wrong", "new-secret") == "wrong-password")
        let outcome = await live.directory.changePassword(
            of: .named("alice"),
            from: Password("old-secret"),
            to: Password("new-secret"),
            deadline: .now + .seconds(40),
            gate: OpenGate()
        )
        switch outcome {
        case .changed where serviceWrites:
            // Or is a second old already, which is known by its having been proved.
            let result = await live.login("alice", "new-secret")
            if case .rejected(let rejection) = result, rejection.reason == .passwordExpired, rejection.passwordProved {
                break
            }
            guard case .authenticated = result else {
                Issue.record("\(result)")
                break
            }
        case .refused(let refusal) where !serviceWrites:
            #expect(refusal.reason == .notAllowed)
            #expect(refusal.detail.contains("the service account needs write access"), "\(refusal.detail)")
        default:
            Issue.record("\(outcome)")
        }
        await live.stop()
    }

    @Test func lockedAndUnknownAreAnsweredAsAtALogin() async throws {
        let live = try await start(["pwdLockout": "TRUE", "pwdMaxFailure": "2"])
        for _ in 0..<2 { #expect(await change(live, "bob", "wrong", "new-secret") == "wrong-password") }
        #expect(await change(live, "bob", "bob-secret", "new-secret") == "locked", "and nobody is told")
        await live.slapd.stop()
        let outage = await change(live, "alice", "alice-secret", "new-secret")
        #expect(outage.hasPrefix("corp: "), "\(outage)")
        await live.stop()
    }

    /// Groups that cannot be read after the change are no reason to store that there are none.
    @Test func whatCouldNotBeReadIsSaid() async throws {
        let slapd = try await Slapd.start()
        let live = try LiveDirectory(slapd) {
            $0.groups.base = "ou=nowhere,dc=elsewhere"
            Self.patient(&$0)
        }
        let answer = await live.directory.changePassword(
            of: .named("alice"),
            from: Password("alice-secret"),
            to: Password("new-secret"),
            deadline: .now + .seconds(40),
            gate: OpenGate()
        )
        guard case .changed(let identity) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(identity.isPartial && identity.username == "alice")
        await live.stop()
    }

    /// The person reads the own entry: the key is the one of every login, by name and by session.
    @Test func aDNByTemplateNeedsNobodyToSearch() async throws {
        let slapd = try await Slapd.start()
        let live = try LiveDirectory(slapd) {
            TemplateLoginTests.template(&$0, searches: false)
            Self.patient(&$0)
        }
        let before = try await live.identity("alice", "alice-secret")
        #expect(await change(live, "alice", "wrong", "new-secret") == "wrong-password")
        var account = SourceAccount.named("ALICE")
        var old = "alice-secret"
        for new in ["new-secret", "third-secret"] {
            let answer = await live.directory.changePassword(
                of: account,
                from: Password(old),
                to: Password(new),
                deadline: .now + .seconds(40),
                gate: OpenGate()
            )
            guard case .changed(let after) = answer else {
                Issue.record("\(answer)")
                return
            }
            #expect(after.key == before.key && after.username == "alice" && after.lastName == before.lastName)
            #expect(after.groups == before.groups && !after.isPartial)
            account = .known(after.key, locator: after.locator)
            old = new
        }
        #expect(try await live.identity("alice", "third-secret").key == before.key)
        let stranger = SourceAccount.known(
            IdentityKey(source: before.key.source, stableID: "somebody-before"),
            locator: before.locator
        )
        #expect(await Self.change(live.directory, stranger, "third-secret", "fourth-secret") == "unknown-user")
        await live.stop()
    }

    /// 0.0.0.0 leads here, but is no loopback address: what a login may do on purpose, a new password may not.
    @Test func newPasswordsNeverTravelInClearText() async throws {
        let slapd = try await Slapd.start()
        let live = try LiveDirectory(slapd) { settings in
            settings.hosts = settings.hosts.map { host in
                var host = host
                host.url = LDAPURL(scheme: .ldap, host: "0.0.0.0", port: slapd.port)
                return host
            }
            Self.patient(&settings)
        }
        #expect(await change(live, "nobody", "x", "new-secret") == "unknown-user", "the next source may know the name")
        #expect(await change(live, "alice", "wrong", "new-secret") == "wrong-password", "and guesses count")
        #expect(await change(live, "alice", "alice-secret", "new-secret") == "not-allowed")
        _ = try await live.identity("alice", "alice-secret")
        await live.stop()
    }
}
