import TestSupport
import Testing

/// Windows sign-on without a password: curl with a ticket of a real KDC, people in a real directory.
@Suite struct WindowsSignOnTests {
    private static let plain401 = #"{"Message":"Authorization has been denied for this request."}"#

    @Test func curlSignsOnInOneLegAndInTwo() async throws {
        let setting = try await KerberosSetting.make()
        try await setting.daemon.start()
        let client = try await setting.tickets(of: "alice")
        for (option, challenges) in [("--negotiate", 0), ("--anyauth", 1)] {
            let answer = try await Curl.form(
                setting.url,
                KerberosSetting.fields,
                [option, "-u", ":"],
                environment: client
            )
            #expect(answer.status == 200, "\(option): \(answer.body)\n\(setting.daemon.log.suffix(2000))")
            #expect(answer.challenges == challenges, "\(option)")
            let reply = try #require(answer.headers["www-authenticate"])
            #expect(reply.hasPrefix("Negotiate ") && (Base64Text.decode(reply.dropFirst(10))?.count ?? 0) > 50)
            #expect(answer.headers["cache-control"] == "no-store")
            let payload = Base64Text.payload(of: answer.text("access_token") ?? "")
            #expect(payload.contains("\"preferred_username\":\"alice\""), "\(payload)")
            #expect(payload.contains("\"developers\"") || payload.contains("\"groups\":["), "\(payload)")
            let refresh = try await setting.daemon.token([
                "grant_type": "refresh_token", "refresh_token": answer.text("refresh_token") ?? "",
            ])
            #expect(refresh.status == 200, "\(refresh.body)")
        }
        let password = try #require(setting.sample.person("alice")?.password)
        let byPassword = try await setting.daemon.token([
            "grant_type": "password", "username": "alice", "password": password,
        ])
        let userID = Base64Text.payload(of: byPassword.text("access_token") ?? "")
        #expect(userID.contains("\"userId\":1"), "the same person by ticket and by password: \(userID)")
        let line = try #require(
            await setting.daemon.logged().split(separator: "\n").first { $0.contains("login") && $0.contains("alice") }
        )
        #expect(line.contains("corp") && line.contains("reason=ticket"), "\(line)")
        let refused = setting.daemon.log.split(separator: "\n").filter { $0.contains("login.refused") }
        #expect(refused.isEmpty, "a challenge refuses nobody: \(refused)")
        await setting.stop()
    }

    @Test func jsonAndXMLSignOnToo() async throws {
        let setting = try await KerberosSetting.make()
        try await setting.daemon.start()
        let client = try await setting.tickets(of: "alice")
        let json =
            #"{"grant_type":"password","WindowsAuthentication":true,"client_id":"web","client_secret":"web-secret"}"#
        let namespace = "http://schemas.datacontract.org/2004/07/IO.Swagger.Models"
        let xml = """
            <TokenRequest xmlns="\(namespace)"><WindowsAuthentication>true</WindowsAuthentication><client_id>web</client_id>\
            <client_secret>web-secret</client_secret><grant_type>password</grant_type></TokenRequest>
            """
        for (type, body, start) in [("application/json", json, "{\"access"), ("text/xml", xml, "<AccessTokenResponse")]
        {
            for option in ["--negotiate", "--anyauth"] {
                let answer = try await Curl.send(
                    [option, "-u", ":", "-H", "Content-Type: \(type)", "-H", "Accept:", setting.url],
                    body: Array(body.utf8),
                    environment: client
                )
                #expect(answer.status == 200 && answer.body.hasPrefix(start), "\(type) \(option): \(answer.body)")
            }
        }
        await setting.stop()
    }

    @Test func nobodyIsChallengedUnasked() async throws {
        let setting = try await KerberosSetting.make()
        try await setting.daemon.start()
        let ticket = try await NegotiateToken.make(.spnego, environment: setting.tickets(of: "alice"))
        let header = ["-H", "Authorization: Negotiate \(Base64Text.encode(ticket))"]
        let secret = ["client_id=web", "client_secret=web-secret"]
        // The form, what is sent along, the status and the description; "Negotiate" is the challenge.
        let rows: [([String], [String], Int, String)] = [
            (secret + ["grant_type=password", "WindowsAuthentication=true"], [], 401, "Negotiate"),
            (secret + ["grant_type=password", "WindowsAuthentication=false"], [], 400, "Missing parameter: username"),
            (secret + ["grant_type=password"], header, 400, "Missing parameter: username"),
            (
                secret + ["grant_type=password", "WindowsAuthentication=true", "username=alice"], header, 400,
                "Missing parameter: password"
            ),
            (secret + ["WindowsAuthentication=true"], header, 400, "Missing form parameter: grant_type"),
            (
                ["client_id=web", "client_secret=wrong", "grant_type=password", "WindowsAuthentication=true"], header,
                401, "Invalid client or Invalid client credentials"
            ),
            (["client_id=web", "grant_type=password", "WindowsAuthentication=true", "scope=all"], header, 401, ""),
            (
                secret + ["grant_type=password", "WindowsAuthentication=true", "scope=all"], header, 400,
                "Invalid scopes: all"
            ),
            ([], header, 400, "Missing form parameter: grant_type"),
        ]
        for (fields, more, status, text) in rows {
            let form = fields.flatMap { ["--data-urlencode", $0] } + (fields.isEmpty ? ["-X", "POST"] : [])
            let answer = try await Curl.send(more + form + [setting.url])
            #expect(answer.status == status, "\(fields): \(answer.body)")
            if text == "Negotiate" {
                #expect(answer.headers["www-authenticate"] == "Negotiate")
                #expect(answer.body == Self.plain401)
            } else {
                #expect(answer.headers["www-authenticate"] == nil, "\(fields)")
                let said = answer.text("error_description") ?? ""
                #expect(text.isEmpty || said == text || text.contains(said), "\(fields): \(answer.body)")
            }
        }
        let login = try await Curl.form("\(setting.daemon.url)/token", ["Grant_type": "password"], header)
        #expect(login.status == 400 && login.headers["www-authenticate"] == nil)
        await setting.stop()
    }

    @Test func refusedTokensAreAllAnsweredAlike() async throws {
        let setting = try await KerberosSetting.make(services: ["HTTP/localhost", "host/localhost"])
        try await setting.daemon.start()
        let client = try await setting.tickets(of: "alice")
        let good = try await NegotiateToken.make(.spnego, environment: client)
        #expect(try await setting.present(good).status == 200)
        let ntlm = Array("NTLMSSP\0".utf8) + [1, 0, 0, 0] + [UInt8](repeating: 0, count: 20)
        let tokens: [(String, [UInt8], String)] = [
            ("replayed", good, "ticket-replay"),
            (
                "another service",
                try await NegotiateToken.make(.spnego, service: "host@localhost", environment: client),
                "ticket-other-service"
            ),
            (
                "another service, bare",
                try await NegotiateToken.make(.kerberos, service: "host@localhost", environment: client),
                "ticket-other-service"
            ),
            ("NTLM", ntlm, "ticket-ntlm"), ("garbage", (0..<400).map { UInt8($0 & 0xFF) }, "ticket-malformed-token"),
            ("truncated", Array(good.prefix(good.count / 2)), "ticket-malformed-token"),
            ("large", [UInt8](repeating: 0x60, count: 60_000), "ticket-malformed-token"),
            (
                "an instance", try await NegotiateToken.make(.spnego, environment: setting.tickets(of: "alice/admin")),
                "ticket-of-no-person"
            ),
        ]
        for (what, token, reason) in tokens {
            let answer = try await setting.present(token)
            #expect(answer.status == 401, "\(what): \(answer.body)")
            #expect(answer.headers["www-authenticate"] == "Negotiate", "\(what)")
            #expect(answer.body == Self.plain401, "\(what)")
            let line = await setting.daemon.logged().split(separator: "\n").last { $0.contains("login.refused") }
            #expect(line?.contains(reason) == true, "\(what): \(line ?? "no audit line")")
        }
        for text in ["", "%%%", "====", "TlRMTVNTUAAB", "a b"] {
            let answer = try await setting.present(text: text)
            #expect(
                answer.status == 401 && answer.headers["www-authenticate"] == "Negotiate",
                "“\(text)”: \(answer.body)"
            )
        }
        let bare = try await NegotiateToken.make(.kerberos, environment: client)
        #expect(try await setting.present(bare).status == 200, "a Kerberos token without SPNEGO is as good")
        await setting.stop()
    }

    @Test func whoeverIsNotLetInByPasswordIsNotByTicket() async throws {
        let setting = try await KerberosSetting.make {
            $0.passwordPolicy = ["pwdMustChange": "TRUE", "pwdLockout": "TRUE", "pwdMaxFailure": "3"]
        }
        try await setting.slapd.modify(
            "dn: \(setting.sample.dn(of: "bob"))\nchangetype: modify\nadd: pwdReset\npwdReset: TRUE\n"
        )
        try await setting.daemon.start()
        let stranger = try await NegotiateToken.make(.spnego, environment: setting.tickets(of: "stranger"))
        let unknown = try await setting.present(stranger)
        #expect(unknown.status == 400 && unknown.text("error_description") == "Invalid user credentials")
        let bob = try await setting.tickets(of: "bob")
        let mustChange = try await setting.present(try await NegotiateToken.make(.spnego, environment: bob))
        #expect(mustChange.status == 400, "\(mustChange.body)")
        #expect(mustChange.text("error_description") == "Password must be changed", "the ticket proved who it is")
        let line = await setting.daemon.logged().split(separator: "\n").last { $0.contains("login.refused") }
        #expect(
            line?.contains("bob@EXAMPLE.ORG") == true && line?.contains("must-change-password") == true,
            "\(line ?? "")"
        )
        await setting.stop()
    }

    @Test func outagesAreNoRefusals() async throws {
        let setting = try await KerberosSetting.make()
        try await setting.daemon.start()
        let client = try await setting.tickets(of: "alice")
        _ = try await NegotiateToken.make(.spnego, environment: client)
        await setting.kdc.stop()
        let withoutKDC = try await setting.present(try await NegotiateToken.make(.spnego, environment: client))
        #expect(withoutKDC.status == 200, "tickets verify without the KDC")
        await setting.slapd.stop()
        let withoutDirectory = try await setting.present(try await NegotiateToken.make(.spnego, environment: client))
        #expect(withoutDirectory.status == 503 && withoutDirectory.headers["retry-after"] != nil)
        await setting.stop()
    }

    @Test func clocksThatDifferAreToldSo() async throws {
        let setting = try await KerberosSetting.make()
        let tolerant = try setting.daemon.home.write("[libdefaults]\nclockskew = 1\n", to: "krb5.conf")
        try await setting.daemon.start(environment: ["KRB5_CONFIG": tolerant])
        let token = try await NegotiateToken.make(.spnego, environment: setting.tickets(of: "alice"))
        try await Task.sleep(for: .seconds(3))
        #expect(try await setting.present(token).status == 401)
        let line = await setting.daemon.logged().split(separator: "\n").last { $0.contains("login.refused") }
        #expect(line?.contains("ticket-clock-skew") == true, "\(line ?? "")")
        #expect(setting.daemon.log.contains("set the clocks"), "and once in the log, with the remedy")
        await setting.stop()
    }

    /// How fast is for `Benchmarks/load/tickets` to say; here nobody may be turned away or kept waiting.
    @Test func manyTicketsDoNotHoldPasswordsUp() async throws {
        let setting = try await KerberosSetting.make()
        try await setting.daemon.start()
        let client = try await setting.tickets(of: "alice")
        let password = try #require(setting.sample.person("bob")?.password)
        async let tickets = TicketClient.flood(port: setting.daemon.port, tickets: 400, environment: client)
        var slowest = Duration.zero
        for _ in 0..<20 {
            let start = ContinuousClock.now
            let answer = try await setting.daemon.token([
                "grant_type": "password", "username": "bob", "password": password,
            ])
            #expect(answer.status == 200, "\(answer.body)")
            slowest = max(slowest, ContinuousClock.now - start - LostTime.since(start))
        }
        #expect(try await tickets == 400, "every ticket is let in")
        #expect(slowest < .seconds(5))
        await setting.stop()
    }

    @Test func aReloadTakesAnotherKeytabButNotNone() async throws {
        let setting = try await KerberosSetting.make(services: ["HTTP/localhost", "HTTP/other"])
        let daemon = setting.daemon
        try await daemon.start()
        let client = try await setting.tickets(of: "alice")
        func signOn() async throws -> Int {
            try await setting.present(try await NegotiateToken.make(.spnego, environment: client)).status
        }
        #expect(try await signOn() == 200)
        let good = text(ofFile: daemon.configurationFile)
        let other = try await setting.kdc.keytab(["HTTP/other"])
        func replaceKeytab(with line: String) throws {
            try daemon.rewrite { text in
                text.split(separator: "\n", omittingEmptySubsequences: false)
                    .map { $0.hasPrefix("keytab_file") ? line : String($0) }.joined(separator: "\n")
            }
        }
        try replaceKeytab(with: "keytab_file = \"\(other)\"")
        #expect(try await daemon.reload().succeeded)
        #expect(try await signOn() == 401)
        #expect(await daemon.logged().contains("ticket-other-service"))
        try replaceKeytab(with: "")
        let refused = try await daemon.reload()
        #expect(!refused.succeeded)
        #expect(refused.errorOutput.contains("kerberos.keytab_file cannot change"), "\(refused.errorOutput)")
        try daemon.rewrite { _ in good }
        #expect(try await daemon.reload().succeeded)
        #expect(try await signOn() == 200)
        await setting.stop()
    }

    @Test func checkTellsWhatIsWrongWithTheKeytab() async throws {
        let setting = try await KerberosSetting.make(services: ["HTTP/localhost", "HTTP/other", "host/localhost"])
        let environment = setting.kdc.environment()
        let good = try await setting.daemon.command(["check"], environment: environment)
        #expect(good.output.contains("HTTP/localhost@EXAMPLE.ORG (version 1)"), "\(good.output)")
        #expect(good.output.contains("✓ key version    HTTP/localhost@EXAMPLE.ORG: version 1"), "\(good.output)")
        #expect(good.succeeded, "\(good.output)")
        try await setting.kdc.changeKey(of: "HTTP/localhost")
        let old = try await setting.daemon.command(["check"], environment: environment)
        #expect(!old.succeeded)
        let said = old.output.split(separator: "\n").first { $0.contains("✗ key version") } ?? ""
        #expect(
            said.contains("HTTP/localhost@EXAMPLE.ORG") && said.contains("the keytab has version 1"),
            "\(old.output)"
        )

        let configuration = text(ofFile: setting.daemon.configurationFile)
        let path = try #require(
            configuration.split(separator: "\n").first { $0.hasPrefix("keytab_file") }?.split(separator: "\"")
                .dropFirst().first
        )
        _ = try await ChildProcess.run("rm", [String(path)])
        try await setting.kdc.keytab(["HTTP/other", "host/localhost"], to: String(path))
        let missing = try await setting.daemon.command(["check"], environment: environment)
        #expect(!missing.succeeded)
        #expect(missing.output.contains("there is no key for HTTP/localhost"), "\(missing.output)")
        _ = try await ChildProcess.run("rm", [String(path)])
        let absent = try await setting.daemon.command(["check"], environment: environment)
        #expect(absent.errorOutput.contains("kerberos.keytab_file"), "\(absent.errorOutput)")
        await setting.stop()
    }
}
