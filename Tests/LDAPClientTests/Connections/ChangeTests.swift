import LDAPClient
import TestSupport
import Testing

/// Modify and password modify, on a lease and as the service account.
@Suite struct ChangeTests {
    private let sample = SampleDirectory()

    private func start() async throws -> (Slapd, LDAPHost, Rig) {
        let slapd = try await Slapd.start()
        let rig = try Rig()
        return (slapd, try rig.host(slapd.url) { $0.useServiceAccount(of: slapd) }, rig)
    }

    @Test func aPersonChangesTheOwnPassword() async throws {
        let (slapd, host, _) = try await start()
        let dn = sample.dn(of: "alice")
        let code = try await host.withBindConnection(deadline: .after(20)) { (lease) throws(LDAPError) in
            let early = await failure { () throws(LDAPError) in
                try await lease.change(
                    .password(user: nil, old: nil, new: Secret("x")),
                    controls: [],
                    deadline: .after(20)
                )
            }
            #expect(early?.code == .invalidArgument, "nobody is bound")
            _ = try await lease.simpleBind(dn: dn, password: Secret("alice-secret"), controls: [], deadline: .after(20))
            let wrong = try await lease.change(
                .password(user: dn, old: Secret("wrong"), new: Secret("x")),
                controls: [],
                deadline: .after(20)
            )
            #expect(wrong.resultCode == .unwillingToPerform && !wrong.diagnosticMessage.isEmpty)
            return try await lease.change(
                .password(user: nil, old: Secret("alice-secret"), new: Secret(octets: [0xFF, 0x00, 0x41])),
                controls: [.passwordPolicyRequest],
                deadline: .after(20)
            ).resultCode
        }
        #expect(code == .success)
        let new = try await host.bind(dn: dn, password: Secret(octets: [0xFF, 0x00, 0x41]), deadline: .after(20))
        #expect(new.resultCode == .success, "any octets")
        let old = try await host.bind(dn: dn, password: Secret("alice-secret"), deadline: .after(20))
        #expect(old.resultCode == .invalidCredentials)
        await host.shutdown()
        await slapd.stop()
    }

    @Test func attributesAreAddedDeletedAndReplaced() async throws {
        let (slapd, host, _) = try await start()
        let dn = sample.dn(of: "alice")
        func change(_ steps: LDAPChange.Modification...) async throws -> LDAPResultCode {
            try await host.withBindConnection(deadline: .after(20)) { (lease) throws(LDAPError) in
                _ = try await lease.simpleBind(
                    dn: dn,
                    password: Secret("alice-secret"),
                    controls: [],
                    deadline: .after(20)
                )
                return try await lease.change(.modify(dn: dn, steps), controls: [], deadline: .after(20)).resultCode
            }
        }
        func values() async throws -> Set<String> {
            let request = SearchRequest(base: dn, scope: .base, attributes: ["description"])
            let entry = try await host.search(request, deadline: .after(20)).entries.first
            return Set((entry?["description"] ?? []).map { String(decoding: $0, as: UTF8.self) })
        }
        #expect(try await change(.init(.add, "description", [Secret("one"), Secret("two")])) == .success)
        #expect(try await values() == ["one", "two"])
        #expect(
            try await change(
                .init(.delete, "description", [Secret("one")]),
                .init(.add, "description", [Secret("three")])
            ) == .success
        )
        #expect(try await values() == ["two", "three"])
        #expect(try await change(.init(.replace, "description", [Secret("four")])) == .success)
        #expect(try await values() == ["four"])
        #expect(try await change(.init(.delete, "description", [])) == .success)
        #expect(try await values().isEmpty)
        #expect(try await change(.init(.delete, "description", [])).rawValue == 16, "a result, no error")
        await host.shutdown()
        await slapd.stop()
    }

    @Test func theServiceAccountIsHeldToItsRights() async throws {
        let (slapd, host, _) = try await start()
        let dn = sample.dn(of: "alice")
        let denied = try await host.change(
            .password(user: dn, old: nil, new: Secret("x")),
            deadline: .after(20)
        )
        #expect(denied.resultCode == .insufficientAccessRights)
        let zero = await failure { () throws(LDAPError) in
            try await host.change(.modify(dn: "uid=a\u{0}b", []), deadline: .after(20))
        }
        #expect(zero?.code == .invalidArgument)
        await slapd.stop()
        let gone = await failure { () throws(LDAPError) in
            try await host.change(.password(user: dn, old: nil, new: Secret("x")), deadline: .after(20))
        }
        #expect(gone?.requestWasWritten == false)
        await host.shutdown()
    }
}
