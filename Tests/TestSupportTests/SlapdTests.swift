import Glibc
import TestSupport
import Testing

/// The helpers do what the other suites believe they do.
@Suite struct SlapdTests {
    private func search(_ url: String, _ arguments: [String], environment: [String: String] = [:]) async throws
        -> ChildProcess.Outcome
    {
        try await ChildProcess.run(
            "ldapsearch",
            ["-x", "-LLL", "-o", "ldif-wrap=no", "-H", url] + arguments,
            environment: environment.isEmpty ? ["LDAPNOINIT": "1"] : environment
        )
    }

    @Test func everySamplePersonCanBind() async throws {
        let slapd = try await Slapd.start()
        let sample = SampleDirectory()
        for person in sample.people {
            let outcome = try await ChildProcess.run(
                "ldapwhoami",
                ["-x", "-H", slapd.url, "-D", sample.dn(of: person), "-w", person.password]
            )
            #expect(outcome.succeeded, "\(person.uid): \(outcome.errorOutput)")
        }
        #expect(await eventually { slapd.bindRequests() == sample.people.count })
        #expect(slapd.bindRequests(dn: "uid=alice,ou=people,dc=example,dc=org") == 1)
        #expect(sample.person("alice")?.nestedGroups == ["developers", "Comma, Group", "engineering", "everyone"])
    }

    @Test func restartKeepsPortAndData() async throws {
        let slapd = try await Slapd.start()
        try await slapd.modify("dn: cn=new,dc=example,dc=org\nobjectClass: organizationalRole\ncn: new\n")
        try await slapd.restart()
        let found = try await search(slapd.url, ["-b", "dc=example,dc=org", "(cn=new)", "1.1"])
        #expect(found.output.contains("dn: cn=new"))
        let pid = slapd.pid
        await slapd.stop()
        #expect(kill(pid, 0) != 0)
        #expect(try await search(slapd.url, ["-b", "", "-s", "base"]).exit == .code(255))
    }

    @Test func overlaysLDAPIAndTLSWork() async throws {
        let ca = try await CertificateAuthority.make()
        var options = Slapd.Options()
        options.memberOf = true
        options.passwordPolicy = ["pwdMaxFailure": "3", "pwdLockout": "TRUE"]
        options.policyTellsLockout = true
        options.anonymousMayRead = false
        options.ldapi = true
        options.ldaps = true
        options.tls = Slapd.TLS(certificate: try await ca.issue(), clientCAFile: ca.certificateFile)
        let slapd = try await Slapd.start(options)
        let service = ["-D", slapd.serviceDN, "-w", slapd.servicePassword]
        let trusting = ["LDAPTLS_CACERT": ca.certificateFile]
        let groups = try await search(
            slapd.ldapsURL,
            service + ["-b", "dc=example,dc=org", "(uid=alice)", "memberOf"],
            environment: trusting
        )
        #expect(groups.output.contains("memberOf: cn=Comma\\2C Group,ou=groups"), "\(groups.errorOutput)")
        #expect(
            try await search(slapd.url, service + ["-ZZ", "-b", "dc=example,dc=org"], environment: trusting).succeeded
        )
        #expect(try await !search(slapd.url, ["-b", "dc=example,dc=org", "(uid=alice)"]).output.contains("alice"))
        for _ in 0..<4 {
            _ = try await search(slapd.url, ["-D", SampleDirectory().dn(of: "bob"), "-w", "wrong", "-b", ""])
        }
        let locked = try await search(
            slapd.url,
            service + ["-b", "dc=example,dc=org", "(uid=bob)", "pwdAccountLockedTime"]
        )
        #expect(locked.output.contains("pwdAccountLockedTime"))
        let local = try await ChildProcess.run("ldapwhoami", ["-Y", "EXTERNAL", "-H", slapd.ldapiURL])
        #expect(local.output.contains("cn=admin,dc=example,dc=org"), "\(local.errorOutput)")
    }

    @Test func pausedServerIsSilent() async throws {
        let slapd = try await Slapd.start()
        slapd.pause()
        let outcome = try await ChildProcess.run("timeout", ["1", "ldapsearch", "-x", "-H", slapd.url, "-b", ""])
        #expect(outcome.exit == .code(124))
        slapd.resume()
        #expect(try await search(slapd.url, ["-b", "", "-s", "base"]).succeeded)
    }

    @Test(arguments: [
        (CertificateAuthority.Kind.expired, "certificate has expired"),
        (.notYetValid, "certificate is not yet valid"),
        (.wrongHost, "IP address mismatch"),
        (.good, "Verification: OK"),
    ])
    func certificatesAreAsBadAsTheySay(kind: CertificateAuthority.Kind, word: String) async throws {
        let ca = try await CertificateAuthority.make()
        var options = Slapd.Options()
        options.ldaps = true
        options.tls = Slapd.TLS(certificate: try await ca.issue(kind), clientCAFile: ca.certificateFile)
        let slapd = try await Slapd.start(options)
        let outcome = try await ChildProcess.run(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(slapd.ldapsPort)", "-CAfile", ca.certificateFile]
                + ["-verify_ip", "127.0.0.1"]
        )
        #expect((outcome.output + outcome.errorOutput).contains(word))
    }
}
