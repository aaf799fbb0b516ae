import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// What `ldapauthd check` sees at a real slapd.
@Suite struct ProbeTests {
    typealias Step = DirectoryProbe.Step

    static func run(_ live: LiveDirectory, username: String? = nil) async -> [Step] {
        await DirectoryProbe(live.directory).run(username: username, deadline: .now + .seconds(15))
    }

    /// Password policies, so that locks and changes of passwords can be seen.
    static func slapd() async throws -> Slapd {
        var options = Slapd.Options()
        options.passwordPolicy = ["pwdLockout": "TRUE"]
        return try await Slapd.start(options)
    }

    @Test func allIsWell() async throws {
        let live = try LiveDirectory(await Self.slapd())
        let steps = await Self.run(live)
        for step in steps { #expect(step.verdict == .passed, "\(step)") }
        #expect(steps.allSatisfy { $0.host == live.slapd.url && $0.remedy == nil && $0.duration > .zero })
        let names: Set = [
            Step.Name.connect, .serviceBind, .rootDSE, .userBase, .sampleUser, .accountState, .groupsBase, .sampleGroup,
            .groups,
        ]
        #expect(names.isSubset(of: steps.map(\.name)))
        let root = try #require(steps.first { $0.name == .rootDSE })
        #expect(root.message.contains("dc=example,dc=org"))
        #expect(root.message.contains("OpenLDAP"))
        let named = await Self.run(live, username: "ALICE")
        #expect(named.first { $0.name == .sampleUser }?.message.contains("uid=alice,") == true)
        #expect(named.first { $0.name == .groups }?.message.contains("developers") == true)
        let nobody = await Self.run(live, username: "nobody")
        // A warning: with several directories a person is unknown in most of them.
        #expect(nobody.first { $0.name == .sampleUser }?.verdict == .warning)
        #expect(nobody.first { $0.name == .accountState }?.verdict == .skipped)
        // The sample was made with its passwords.
        #expect(
            named.first { $0.name == .accountState }?.message.contains("alice has no pwdChangedTime before") == true
        )
        await live.stop()
    }

    static let unreadable: [(attributes: String, said: String)] = [
        ("pwdChangedTime", "may not read pwdChangedTime: a refresh cannot see a changed password"),
        (
            "pwdAccountLockedTime",
            "may not read pwdAccountLockedTime: a refresh cannot see that an account was locked, disabled or has expired"
        ),
        (
            "pwdAccountLockedTime,pwdReset,pwdChangedTime",
            "may not read pwdAccountLockedTime, pwdReset, pwdChangedTime: a refresh sees neither a locked or disabled account "
                + "nor a changed password"
        ),
    ]

    @Test(arguments: unreadable.indices) func whatMayNotBeReadOfAnAccountIsSaid(_ index: Int) async throws {
        var options = Slapd.Options()
        options.passwordPolicy = ["pwdLockout": "TRUE"]
        options.accessRules = [
            "to attrs=userPassword by anonymous auth by * none",
            "to attrs=\(Self.unreadable[index].attributes) by * none",
            "to * by * read",
        ]
        let live = try LiveDirectory(await Slapd.start(options))
        let step = try #require(await Self.run(live, username: "alice").first { $0.name == .accountState })
        #expect(step.verdict == .warning && step.message.contains(Self.unreadable[index].said), "\(step)")
        #expect(step.message.contains("uid=alice,ou=people,dc=example,dc=org"))
        #expect(step.remedy?.hasPrefix("give the service account the right to read th") == true)
        await live.stop()
    }

    @Test func aServerWithoutPoliciesIsAWarning() async throws {
        let live = try LiveDirectory(await Slapd.start())
        let step = try #require(await Self.run(live).first { $0.name == .accountState })
        #expect(step.verdict == .warning && step.message.contains("has no password policies"), "\(step)")
        #expect(step.remedy?.contains("ppolicy") == true)
        await live.stop()
    }

    static let faults: [(Step.Name, Step.Verdict, @Sendable (inout DirectorySettings, Slapd) -> Void)] = [
        (.userBase, .failed, { settings, _ in settings.userBase = "ou=nowhere,dc=example,dc=org" }),
        (.groupsBase, .failed, { settings, _ in settings.groups.base = "ou=nowhere,dc=example,dc=org" }),
        (.sampleUser, .failed, { settings, _ in settings.attributes.id = "objectGUID" }),
        (.sampleUser, .warning, { settings, _ in settings.userFilter = "(&(uid={username})(objectClass=device))" }),
        (.sampleGroup, .warning, { settings, _ in settings.groups.filter = "(objectClass=device)" }),
        (.rootDSE, .warning, { settings, _ in settings.kind = .activeDirectory }),
        (
            .serviceBind, .failed,
            { settings, slapd in
                settings.hosts[0].serviceIdentities = [.simple(dn: slapd.serviceDN) { Password("wrong") }]
            }
        ),
    ]

    @Test(arguments: faults.indices) func faultsAreNamedWithARemedy(_ index: Int) async throws {
        let (name, verdict, change) = Self.faults[index]
        let slapd = try await Slapd.start()
        let live = try LiveDirectory(slapd) { change(&$0, slapd) }
        let step = try #require(await Self.run(live).first { $0.name == name })
        #expect(step.verdict == verdict, "\(step)")
        #expect(step.remedy?.isEmpty == false, "\(step)")
        await live.stop()
    }

    @Test func aDeadHostSkipsTheRest() async throws {
        let live = try LiveDirectory(await Self.slapd(), await Self.slapd())
        await live.slapd.stop()
        let steps = await Self.run(live)
        let dead = steps.filter { $0.host == live.slapd.url }
        #expect(dead.contains { $0.name == .connect && $0.verdict == .failed && $0.remedy?.isEmpty == false })
        #expect(dead.suffix(6).allSatisfy { $0.verdict == .skipped })
        let alive = steps.filter { $0.host != live.slapd.url }
        #expect(alive.count > 5 && alive.allSatisfy { $0.verdict == .passed })
        await live.stop()
    }

    @Test(arguments: [CertificateAuthority.Kind.good, .wrongHost]) func theChainIsShown(
        _ kind: CertificateAuthority.Kind
    ) async throws {
        let authority = try await CertificateAuthority.make()
        var options = Slapd.Options()
        options.ldaps = true
        options.tls = .init(certificate: try await authority.issue(kind), clientCAFile: authority.certificateFile)
        let slapd = try await Slapd.start(options)
        let live = try LiveDirectory(slapd) { settings in
            settings.hosts[0].url = LDAPURL(scheme: .ldaps, host: "127.0.0.1", port: slapd.ldapsPort)
            settings.hosts[0].tls.caFile = authority.certificateFile
        }
        let step = try #require(await Self.run(live).first { $0.name == .tls })
        #expect(step.verdict == (kind == .good ? .passed : .failed), "\(step)")
        #expect(step.details.count == 2 && step.details[1].contains("Test CA"), "\(step.details)")
        #expect(
            step.message.contains(kind == .good ? "TLS 1.3" : "the certificate is for db.example, not for 127.0.0.1")
        )
        await live.stop()
    }

    @Test func hostsThatTheDNSDoesNotNameAreAFailure() async throws {
        let live = try LiveDirectory(await Slapd.start()) { settings in
            let template = settings.hosts[0]
            settings.hosts = []
            settings.discoveries = [HostDiscovery(domain: "no-such-domain.invalid", position: 0, template: template)]
        }
        let steps = await Self.run(live)
        #expect(steps.map(\.name) == [.discovery] && steps[0].verdict == .failed && steps[0].remedy != nil, "\(steps)")
        await live.stop()
    }

    @Test func aSecondServiceAccountIsAWarningOfTheFirst() async throws {
        let slapd = try await Slapd.start()
        let live = try LiveDirectory(slapd) { settings in
            let (dn, password) = (slapd.serviceDN, slapd.servicePassword)
            settings.hosts[0].serviceIdentities = [
                .simple(dn: dn) { Password("rotated away") }, .simple(dn: dn) { Password(password) },
            ]
        }
        let binds = await Self.run(live).filter { $0.name == .serviceBind }
        #expect(binds.map(\.verdict) == [.warning, .passed])
        _ = try await live.identity("alice", "alice-secret")
        await live.stop()
    }
}
