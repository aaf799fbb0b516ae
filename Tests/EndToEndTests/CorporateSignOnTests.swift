import TestSupport
import Testing

/// Windows sign-on at an Active Directory domain controller (Samba): its KDC, its people, its keytab.
@Suite struct CorporateSignOnTests {
    private static func daemon(_ samba: SambaServer, keytab: String, kerberos: String = "", http: String = "") throws
        -> Daemon
    {
        try Daemon(
            """
            [tokens]
            issuer = "http://localhost:8480"
            [authentication]
            order = ["corp"]
            [kerberos]
            keytab_file = "\(keytab)"
            \(kerberos)
            \(Setting.people(of: samba, in: samba.peopleBase, "domains = [\"CORP\", \"corp.example\"]"))
            \(Setting.clients(grants: "\"password\", \"refresh_token\"", scopes: "\"read\""))
            """,
            http: http,
            secrets: ["service.secret": samba.servicePassword, "web.secret": "web-secret"]
        )
    }

    @Test func peopleOfADomainSignOn() async throws {
        let samba = try await SambaServer.start()
        for name in ["alice", "off", "svc-http"] { try await samba.addUser(name, password: "Secret-\(name)1") }
        try await samba.addUser("carol", password: "Secret-carol1", principalName: "c.jones@corp.example")
        let keytab = try await samba.keytab("HTTP/localhost", account: "svc-http")
        let daemon = try Self.daemon(samba, keytab: keytab)
        try await daemon.start()
        let url = "http://localhost:\(daemon.port)/api/v1/auth/token"
        func signOn(_ environment: [String: String], _ option: String = "--negotiate") async throws -> Curl.Answer {
            try await Curl.form(url, KerberosSetting.fields, [option, "-u", ":"], environment: environment)
        }
        let alice = try await samba.tickets(of: "alice", "Secret-alice1")
        for option in ["--negotiate", "--anyauth"] {
            let answer = try await signOn(alice, option)
            #expect(answer.status == 200, "\(option): \(answer.body)\n\(daemon.log.suffix(1500))")
            #expect(
                Base64Text.payload(of: answer.text("access_token") ?? "").contains("\"preferred_username\":\"alice\"")
            )
        }
        let carol = try await signOn(try await samba.tickets(of: "carol", "Secret-carol1"))
        #expect(carol.status == 200, "by sAMAccountName, whatever the user principal name: \(carol.body)")

        let byPrincipalName = try await signOn(try await samba.tickets(of: "c.jones", "Secret-carol1"))
        #expect(byPrincipalName.status == 200, "\(byPrincipalName.body)")
        #expect(
            Base64Text.payload(of: byPrincipalName.text("access_token") ?? "").contains(
                "\"preferred_username\":\"carol\""
            )
        )

        let off = try await samba.tickets(of: "off", "Secret-off1")
        #expect(try await signOn(off).status == 200)
        try await samba.disable("off")
        let disabled = try await signOn(off)
        #expect(disabled.status == 400 && disabled.text("error_description") == "Account disabled", "\(disabled.body)")

        // With a password: the same flag asks directories of this kind only.
        for name in ["alice", "CORP\\alice", "alice@corp.example"] {
            let answer = try await daemon.token([
                "grant_type": "password", "WindowsAuthentication": "true", "username": name,
                "password": "Secret-alice1",
            ])
            #expect(answer.status == 200, "\(name): \(answer.body)")
        }
        let check = try await daemon.command(["check"], environment: try samba.kerberosEnvironment())
        #expect(check.output.contains("HTTP/localhost@CORP.EXAMPLE"), "\(check.output)")
        #expect(check.output.contains("✓ key version"), "\(check.output)")
        try await samba.setPassword("svc-http", "Another-secret2")
        let old = try await daemon.command(["check"], environment: try samba.kerberosEnvironment())
        let said = old.output.split(separator: "\n").first { $0.contains("✗ key version") } ?? ""
        #expect(said.contains("HTTP/localhost@CORP.EXAMPLE") && said.contains("the keytab"), "\(old.output)")
        let newTicket = try await signOn(try await samba.tickets(of: "alice", "Secret-alice1"))
        #expect(newTicket.status == 401)
        let line = await daemon.logged().split(separator: "\n").last { $0.contains("login.refused") }
        #expect(line?.contains("ticket-wrong-key") == true, "\(line ?? "")")
        await daemon.stop()
        await samba.stop()
    }

    @Test func ticketsOfADomainAreRefusedAsAnyOthers() async throws {
        let samba = try await SambaServer.start()
        for name in ["alice", "svc-http", "svc-ldapd"] {
            try await samba.addUser(name, password: "Secret-\(name)1")
        }
        let keytab = try await samba.keytab("HTTP/localhost", account: "svc-http")
        // Not host/localhost: to Active Directory that is another name of HTTP/localhost (sPNMappings).
        _ = try await samba.keytab("ldap/localhost", account: "svc-ldapd")
        let daemon = try Self.daemon(samba, keytab: keytab)
        try await daemon.start()
        let client = try await samba.tickets(of: "alice", "Secret-alice1")
        let good = try await NegotiateToken.make(.spnego, environment: client)
        #expect(try await daemon.present(good).status == 200)
        let ntlm = Array("NTLMSSP\0".utf8) + [1, 0, 0, 0] + [UInt8](repeating: 0, count: 20)
        let tokens: [(String, [UInt8], String)] = [
            ("replayed", good, "ticket-replay"),
            (
                "another service",
                try await NegotiateToken.make(.spnego, service: "ldap@localhost", environment: client),
                "ticket-other-service"
            ),
            ("NTLM", ntlm, "ticket-ntlm"), ("garbage", [UInt8](repeating: 0x55, count: 900), "ticket-malformed-token"),
            ("truncated", Array(good.prefix(good.count - 100)), "ticket-malformed-token"),
        ]
        for (what, token, reason) in tokens {
            let answer = try await daemon.present(token)
            #expect(
                answer.status == 401 && answer.headers["www-authenticate"] == "Negotiate",
                "\(what): \(answer.body)"
            )
            let line = await daemon.logged().split(separator: "\n").last { $0.contains("login.refused") }
            #expect(line?.contains(reason) == true, "\(what): \(line ?? "no audit line")")
        }
        // KDC and directory are one here: the ticket is still good, but nobody can say who may log in.
        let later = try await NegotiateToken.make(.spnego, environment: client)
        await samba.stop()
        let outage = try await daemon.present(later)
        #expect(outage.status == 503 && outage.headers["retry-after"] != nil, "\(outage.body)")
        try await samba.restart()
        let isBack = try await eventually(within: .seconds(20)) {
            try await daemon.present(try await NegotiateToken.make(.spnego, environment: client)).status == 200
        }
        #expect(isBack)
        await daemon.stop()
        await samba.stop()
    }

    @Test func ticketsOfADomainAreBoundToTheConnection() async throws {
        let samba = try await SambaServer.start()
        for name in ["alice", "svc-http"] { try await samba.addUser(name, password: "Secret-\(name)1") }
        let keytab = try await samba.keytab("HTTP/localhost", account: "svc-http")
        let authority = try await CertificateAuthority.make()
        let certificate = try await authority.issue()
        let daemon = try Self.daemon(
            samba,
            keytab: keytab,
            kerberos: "channel_binding = \"require\"",
            http: """
                [http.tls]
                certificate_file = "\(certificate.certificateFile)"
                key_file = "\(certificate.keyFile)"
                """
        )
        try await daemon.start()
        let client = try await samba.tickets(of: "alice", "Secret-alice1")
        for (binding, expected) in [(TicketClient.Binding.none, 401), (.right, 200), (.wrong, 401)] {
            let status = try await TicketClient.status(
                port: daemon.port,
                caFile: authority.certificateFile,
                binding,
                environment: client
            )
            #expect(status == expected, "\(binding): \(daemon.log.suffix(800))")
        }
        await daemon.stop()
        await samba.stop()
    }
}
