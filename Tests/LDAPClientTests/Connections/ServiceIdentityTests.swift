import LDAPClient
import Synchronization
import TestSupport
import Testing

/// As whom searches are made, and what `check` tells of it.
@Suite struct ServiceIdentityTests {
    private let person = SearchRequest(base: SampleDirectory().dn(of: "alice"), scope: .base)

    private func start() async throws -> Slapd {
        var options = Slapd.Options()
        options.anonymousMayRead = false
        options.ldapi = true
        return try await Slapd.start(options)
    }

    @Test func theServiceAccountReadsWhatAnonymousMayNot() async throws {
        let slapd = try await start()
        let anonymous = try Rig().host(slapd.url)
        let none = await failure { () async throws(LDAPError) in
            let found = try await anonymous.search(person, deadline: .after(20))
            if found.entries.isEmpty { throw LDAPError(.result, "nothing") }
        }
        #expect(none?.code == .result)
        let host = try Rig().host(slapd.url) { $0.useServiceAccount(of: slapd) }
        #expect(try await host.search(person, deadline: .after(20)).entries.count == 1)
        for host in [anonymous, host] { await host.shutdown() }
    }

    @Test func theNextIdentityIsTriedWhenOneIsRefused() async throws {
        let slapd = try await start()
        let (wrong, right) = (Secret("old"), Secret(slapd.servicePassword))
        let host = try Rig().host(slapd.url) {
            $0.serviceIdentities = [
                .simple(dn: slapd.serviceDN, credential: { wrong }),
                .simple(dn: slapd.serviceDN, credential: { right }),
            ]
        }
        let found = try await host.search(person, deadline: .after(20))
        #expect(found.entries.count == 1)
        #expect(await host.statistics.dials == 1)
        await host.shutdown()
    }

    @Test func aRefusalOfAllIsAnErrorOfItsOwn() async throws {
        let slapd = try await start()
        let wrong = Secret("wrong")
        let host = try Rig().host(slapd.url) {
            $0.serviceIdentities = [.simple(dn: slapd.serviceDN, credential: { wrong })]
        }
        let error = await failure { () async throws(LDAPError) in try await host.search(person, deadline: .after(20)) }
        #expect(error?.code == .serviceBind)
        #expect(error?.resultCode == .invalidCredentials)
        #expect(error?.message.contains(slapd.serviceDN) == true)
        #expect(error?.message.contains("wrong") == false)
        // Users are not the service account.
        let sample = SampleDirectory()
        let bind = try await host.bind(dn: sample.dn(of: "bob"), password: Secret("bob-secret"), deadline: .after(20))
        #expect(bind.resultCode == .success)
        await host.shutdown()
    }

    @Test func thePasswordIsAskedForAtEachConnect() async throws {
        struct Unreadable: Error {}
        let slapd = try await start()
        let current = Mutex<Secret?>(nil)
        let host = try Rig().host(slapd.url) {
            $0.serviceIdentities = [
                .simple(
                    dn: slapd.serviceDN,
                    credential: {
                        guard let secret = current.withLock({ $0 }) else { throw Unreadable() }
                        return secret
                    }
                )
            ]
        }
        let error = await failure { () async throws(LDAPError) in try await host.search(person, deadline: .after(20)) }
        #expect(error?.code == .serviceBind)
        current.withLock { $0 = Secret(slapd.servicePassword) }
        #expect(try await host.search(person, deadline: .after(20)).entries.count == 1)
        await host.shutdown()
    }

    @Test func theUnixSocketKnowsItsPeer() async throws {
        let slapd = try await start()
        let host = try Rig().host(slapd.ldapiURL) { $0.serviceIdentities = [.external] }
        #expect(try await host.search(person, deadline: .after(20)).entries.count == 1)
        let sample = SampleDirectory()
        let bind = try await host.bind(dn: sample.dn(of: "bob"), password: Secret("bob-secret"), deadline: .after(20))
        #expect(bind.resultCode == .success)
        await host.shutdown()
    }

    @Test func theReportShowsEveryStep() async throws {
        let slapd = try await start()
        let host = try Rig().host(slapd.url) { $0.useServiceAccount(of: slapd) }
        let report = await host.connectReport(deadline: .after(20))
        #expect(report.failure == nil)
        #expect(report.steps.map(\.kind) == [.resolve, .connect, .serviceBind])
        #expect(report.steps[1].detail == "127.0.0.1:\(slapd.port)")
        #expect(report.steps[2].detail == slapd.serviceDN)
        #expect(report.steps.allSatisfy { $0.duration > .zero && $0.failure == nil })
        await host.shutdown()
    }

    @Test func theReportShowsWhereItFails() async throws {
        let slapd = try await start()
        let rig = try Rig()
        let nobody = try rig.host("ldap://127.0.0.1:\(try freePort())")
        let refused = await nobody.connectReport(deadline: .after(20))
        #expect(refused.failure?.code == .connect)
        #expect(refused.steps.last?.kind == .connect)
        let nowhere = try rig.host("ldap://no-such-host.invalid", connectTimeout: .seconds(10))
        let unknown = await nowhere.connectReport(deadline: .after(20))
        #expect(unknown.failure?.code == .nameResolution)
        #expect(unknown.steps.map(\.kind) == [.resolve])
        let wrong = try rig.host(slapd.url) { $0.useServiceAccount(of: slapd, password: "wrong") }
        let bind = await wrong.connectReport(deadline: .after(20))
        #expect(bind.failure?.code == .serviceBind)
        #expect(bind.steps.last?.failure?.resultCode == .invalidCredentials)
        for host in [nobody, nowhere, wrong] { await host.shutdown() }
    }

    @Test func theReportNamesTheCauseOfATLSFailure() async throws {
        let authority = try await CertificateAuthority.make()
        var options = Slapd.Options()
        options.ldaps = true
        options.tls = Slapd.TLS(
            certificate: try await authority.issue(.expired),
            clientCAFile: authority.certificateFile
        )
        let slapd = try await Slapd.start(options)
        let host = try Rig().host(slapd.ldapsURL) { $0.tls.caFile = authority.certificateFile }
        let report = await host.connectReport(deadline: .after(20))
        #expect(report.failure?.code == .tls)
        #expect(report.failure?.message.contains("expired") == true)
        #expect(report.steps.last?.kind == .tls)
        await host.shutdown()
    }
}
