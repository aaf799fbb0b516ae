import Glibc
import TestSupport
import Testing

/// Samba and 389 DS start and do what other suites count on.
@Suite struct CorporateServerTests {
    private func bind(_ url: String, _ dn: String, _ password: String, caFile: String? = nil) async throws -> String {
        let outcome = try await ChildProcess.run(
            "ldapsearch",
            ["-x", "-LLL", "-H", url, "-D", dn, "-w", password, "-s", "base", "-b", "", "1.1"],
            environment: caFile.map { ["LDAPTLS_CACERT": $0, "LDAPTLS_REQCERT": "demand"] } ?? [:]
        )
        return outcome.succeeded ? "ok" : outcome.errorOutput
    }

    @Test func sambaHasItsStates() async throws {
        let samba = try await SambaServer.start()
        func bind(_ user: String, _ password: String) async throws -> String {
            try await self.bind(samba.ldapsURL, samba.dn(of: user), password, caFile: samba.caFile)
        }
        #expect(
            try await self.bind(samba.ldapsURL, samba.serviceDN, samba.servicePassword, caFile: samba.caFile) == "ok"
        )
        let names = ["plain", "off", "must", "old", "over", "hours", "desk", "shut", "Müller Jürgen (x)"]
        for name in names { try await samba.addUser(name, password: "secret-ä") }
        try await samba.disable("off")
        try await samba.requirePasswordChange("must")
        try await samba.expirePassword("old")
        try await samba.expireAccount("over")
        try await samba.forbidAllHours("hours")
        try await samba.allowOnly(workstation: "ELSEWHERE", "desk")
        try await samba.lock("shut")
        let states = [
            ("plain", "ok"), ("off", "data 533"), ("must", "data 773"), ("old", "data 532"), ("over", "data 701"),
            ("hours", "data 530"), ("desk", "data 531"), ("shut", "data 775"), ("Müller Jürgen (x)", "ok"),
        ]
        for (name, state) in states {
            let right = try await bind(name, "secret-ä")
            #expect(right.contains(state), "\(name): \(right)")
        }
        #expect(try await bind("plain", "wrong").contains("data 52e"))
        #expect(try await samba.badPasswordCount("plain") == 1)
        #expect(samba.authentications(of: "plain") == 2)
        try await samba.unlock("shut")
        try await samba.addGroup("inner", users: ["plain"])
        try await samba.addGroup("outer", groups: ["inner"])
        try await samba.restart()
        #expect(try await bind("shut", "secret-ä") == "ok")
        #expect(try await samba.values(of: "memberOf", at: samba.dn(of: "plain")) == [samba.dn(ofGroup: "inner")])
        await samba.stop()
    }

    @Test func directoryServer389HoldsTheSample() async throws {
        var options = DirectoryServer389.Options()
        options.policy = ["passwordLockout": "on", "passwordMaxFailure": "2"]
        options.memberOf = true
        let server = try await DirectoryServer389.start(options)
        let sample = SampleDirectory()
        for person in sample.people {
            let dn = sample.dn(of: person)
            let before = server.bindRequests()
            #expect(try await bind(server.url, dn, person.password) == "ok", "\(person.uid)")
            #expect(server.bindRequests() == before + 1, "\(person.uid)")
        }
        #expect(try await bind(server.url, server.serviceDN, server.servicePassword) == "ok")
        #expect(server.bindRequests(dn: server.serviceDN) == 1)
        let bob = sample.dn(of: "bob")
        for _ in 0..<2 { #expect(try await bind(server.url, bob, "wrong").contains("(49)")) }
        #expect(try await server.values(of: "passwordRetryCount", at: bob) == ["2"])
        #expect(try await bind(server.url, bob, "bob-secret").contains("(19)"))
        #expect(try await server.values(of: "memberOf", at: bob).count > 1)
        try await server.restart()
        #expect(try await bind(server.url, sample.dn(of: "alice"), "alice-secret") == "ok")
        await server.stop()
    }
}
