import Glibc
import TestSupport
import Testing

/// Several hosts of one directory, named by hand or by the DNS.
@Suite struct FailoverTests {
    static func sections(_ slapd: Slapd, urls: [String], _ more: String = "") -> String {
        """
        [authentication]
        order = ["corp"]
        login_client = "login"
        fallback_to_local = []
        [[directory]]
        id = 1
        name = "corp"
        kind = "openldap"
        urls = [\(urls.map { "\"\($0)\"" }.joined(separator: ", "))]
        bind_dn = "\(slapd.serviceDN)"
        bind_password_file = "service.secret"
        user_base = "ou=people,dc=example,dc=org"
        connect_timeout = "5s"
        operation_timeout = "10s"
        \(more)
        [directory.groups]
        base = "ou=groups,dc=example,dc=org"
        [[client]]
        id = "login"
        grants = ["password"]
        scopes = ["api"]
        """
    }

    private func ready(_ daemon: Daemon) async throws -> (status: Int, body: String) {
        let answer = try await Curl.send(["\(daemon.adminURL)/readyz"])
        return (answer.status, answer.body)
    }

    @Test func readyzTellsOfEachHostBeforeAnybodyLogsIn() async throws {
        let (first, second) = (try await Slapd.start(), try await Slapd.start())
        let daemon = try Daemon(
            Self.sections(first, urls: [first.url, second.url]),
            secrets: ["service.secret": first.servicePassword]
        )
        await second.stop()
        try await daemon.start()
        // Both are looked at although nobody asked for them.
        #expect(await eventually { (try? await ready(daemon))?.body.contains("\"state\":\"down\"") == true })
        let (status, body) = try await ready(daemon)
        #expect(status == 200)
        #expect(body.contains("\"url\":\"\(first.url)\",\"state\":\"up\""), "\(body)")
        #expect(body.contains("\"url\":\"\(second.url)\",\"state\":\"down\""), "\(body)")
        #expect(body.contains("refused"))
        await first.stop()
        // Nobody at all can be let in now.
        #expect(await eventually(within: .seconds(20)) { (try? await ready(daemon))?.status == 503 })
        #expect(try await daemon.login("alice", "alice-secret", directory: 1).status == 503)
        try await second.restart()
        #expect(await eventually(within: .seconds(10)) { (try? await ready(daemon))?.status == 200 })
        #expect(try await daemon.login("alice", "alice-secret", directory: 1).status == 200)
        try await first.restart()
        #expect(
            await eventually(within: .seconds(10)) {
                (try? await ready(daemon))?.body.contains("\"url\":\"\(first.url)\",\"state\":\"up\"") == true
            }
        )
        // A login beside the search that tries the host out may still go to the other one.
        let isTakenBack = await eventually(within: .seconds(5)) {
            let before = second.bindRequests()
            #expect((try? await daemon.login("alice", "alice-secret", directory: 1))?.status == 200)
            return second.bindRequests() == before
        }
        #expect(isTakenBack, "the preferred host was not taken back")
        await daemon.stop()
        for slapd in [first, second] { await slapd.stop() }
    }

    /// With a resolv.conf(5) of its own, in a mount namespace, which only root may make.
    @Test(.enabled(if: getuid() == 0)) func theDNSNamesTheHosts() async throws {
        let slapds = [try await Slapd.start(), try await Slapd.start(), try await Slapd.start()]
        // Port 53, as resolv.conf has none: an address of loopback that nobody else uses.
        let address = "127.\(UInt8.random(in: 2...250)).\(UInt8.random(in: 1...250)).53"
        func records(_ hosts: [(index: Int, priority: Int)]) -> [String] {
            hosts.map {
                "srv-host=_ldap._tcp.corp.test,dc\($0.index).corp.test,\(slapds[$0.index].port),\($0.priority),10"
            }
                + slapds.indices.map { "host-record=dc\($0).corp.test,127.0.0.1" } + ["local-ttl=5"]
        }
        let dns = try await Dnsmasq.start(records([(0, 10), (1, 20)]), address: address, port: 53)
        let daemon = try Daemon(
            Self.sections(slapds[0], urls: ["srv:corp.test"], "allow_cleartext = true"),
            secrets: ["service.secret": slapds[0].servicePassword]
        )
        let resolv = try daemon.home.write(
            Array("nameserver \(address)\noptions timeout:1 attempts:2\n".utf8),
            to: "resolv.conf"
        )
        try await daemon.start(
            under: ["unshare", "-m", "sh", "-c", "mount --bind \(resolv) /etc/resolv.conf && exec \"$0\" \"$@\""]
        )
        let dn = SampleDirectory().dn(of: "alice")
        func served(_ index: Int) async throws -> Bool {
            let before = slapds[index].bindRequests(dn: dn)
            guard try await daemon.login("alice", "alice-secret", directory: 1).status == 200 else { return false }
            return await eventually(within: .seconds(2)) { slapds[index].bindRequests(dn: dn) > before }
        }
        #expect(try await served(0), "the lowest priority first: \(daemon.log)")
        #expect(try await ready(daemon).body.contains("ldap://dc1.corp.test:\(slapds[1].port)"))
        await slapds[0].stop()
        #expect(await eventually { (try? await served(1)) == true })
        // The zone changes, and is looked up again when the records' time is over.
        try await dns.change(records([(2, 5), (1, 20)]))
        #expect(await eventually(within: .seconds(20)) { (try? await served(2)) == true })
        #expect(try await !ready(daemon).body.contains("dc0.corp.test"))
        // A name service that is gone takes nobody with it.
        dns.stop()
        #expect(await eventually(within: .seconds(20)) { daemon.log.contains("directory hosts cannot be looked up") })
        for _ in 0..<3 { #expect(try await served(2)) }
        await daemon.stop()
        for slapd in slapds { await slapd.stop() }
    }
}
