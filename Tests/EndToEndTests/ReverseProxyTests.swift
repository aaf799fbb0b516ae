import TestSupport
import Testing

/// Real proxies, configured by the very text of docs/nginx.md, in front of an application without a login of its own.
@Suite struct ReverseProxyTests {
    private static let headers = [
        "X-Auth-User", "X-Auth-User-Id", "X-Auth-Groups", "X-Auth-Email", "X-Auth-Source", "X-Auth-Subject",
    ]

    /// What a caller says of himself in any of the headers, also as the variables of CGI spell them.
    private static let forged = headers.flatMap { name in
        let underscored = String(name.map { $0 == "-" ? "_" : $0 })
        return ["-H", "\(name): forged", "-H", "\(underscored): forged"]
    }

    /// Nothing of it reaches the application, neither where `verify` says something else nor where it has nothing to say.
    private func checkNothingIsForged(_ stage: ProxyStage) async throws {
        let login = try await stage.setting.daemon.token(["grant_type": "client_credentials"])
        let token = try #require(login.text("access_token"))
        let answer = try await stage.ask("/page", Self.forged + ["-H", "Authorization: Bearer \(token)"])
        #expect(answer.status == 200, "\(answer.body)")
        #expect(!answer.body.contains("forged"), "\(answer.body)")
        #expect(answer.body.contains("\"x-auth-subject\": \"web\""), "\(answer.body)")
        for name in Self.headers.dropLast() {
            let name = name.lowercased()
            #expect(
                !answer.body.contains("\"\(name)\": ") || answer.body.contains("\"\(name)\": \"\""),
                "\(name) is not empty: \(answer.body)"
            )
        }
    }

    /// What any proxy must do.
    private func checkTheDoor(_ stage: ProxyStage) async throws {
        let alice = try #require(stage.setting.sample.person("alice"))
        let nobody = try await stage.ask("/")
        #expect(nobody.status == 401)
        #expect(nobody.headers["www-authenticate"]?.hasPrefix("Basic realm=\"ldapauthd\"") == true)
        #expect(try await stage.ask("/", ["-u", "alice:wrong"]).status == 401)
        #expect(try await stage.ask("/", ["-H", "Authorization: Bearer x"]).status == 401)

        let login = try await stage.setting.daemon.token([
            "grant_type": "password", "username": "alice", "password": alice.password,
        ])
        let token = try #require(login.text("access_token"))
        for arguments in [["-u", "alice:\(alice.password)"], ["-H", "Authorization: Bearer \(token)"]] {
            let answer = try await stage.ask(
                "/page?x=y",
                arguments + Self.forged + ["--data-binary", "a body"]
            )
            #expect(answer.status == 200, "\(answer.body)")
            #expect(!answer.body.contains("forged"), "\(answer.body)")
            #expect(answer.body.contains("\"x-auth-source\": \"corp\""), "\(answer.body)")
            #expect(answer.body.contains("\"x-auth-subject\": \"1:"), "\(answer.body)")
            #expect(answer.body.contains("\"x-auth-user-id\": \""), "\(answer.body)")
            #expect(answer.body.contains("\"x-auth-user\": \"alice\""), "\(answer.body)")
            #expect(answer.body.contains("\"x-auth-email\": \"\(alice.mail ?? "")\""), "\(answer.body)")
            #expect(answer.body.contains("\"x-auth-groups\": \""))
            #expect(!answer.body.contains("\"authorization\""), "the application sees no password")
        }

        // An ended session is a closed door at once.
        let logout = try await Curl.send([
            "-X", "POST", "-H", "Authorization: Bearer \(token)", "\(stage.setting.daemon.url)/api/v1/auth/logout",
        ])
        #expect(logout.status == 204)
        #expect(try await stage.ask("/", ["-H", "Authorization: Bearer \(token)"]).status == 401)

        await stage.setting.slapd.stop()
        #expect(try await stage.ask("/", ["-u", "alice:\(alice.password)"]).status == 503)
    }

    /// A group alice is in.
    private func group(_ stage: ProxyStage) throws -> String {
        "groups=" + (try name(stage))
    }

    private func name(_ stage: ProxyStage) throws -> String {
        try #require(stage.setting.sample.person("alice")?.nestedGroups.sorted().first { $0.allSatisfy(\.isLetter) })
    }

    @Test func nginxLetsInWhomTheDaemonKnows() async throws {
        let stage = try await ProxyStage.make()
        let nginx = try await stage.startNginx(rule: try group(stage))
        try await checkTheDoor(stage)
        await stage.stop(nginx)
    }

    @Test func aPageWithFortyImagesIsOneBind() async throws {
        let stage = try await ProxyStage.make()
        let nginx = try await stage.startNginx(rule: try group(stage))
        let alice = try #require(stage.setting.sample.person("alice"))
        let slapd = stage.setting.slapd
        let dn = stage.setting.sample.dn(of: "alice")
        let before = slapd.bindRequests(dn: dn)
        let images = try await ChildProcess.run(
            "curl",
            [
                "-s", "--parallel", "--parallel-immediate", "--parallel-max", "40", "-u", "alice:\(alice.password)",
                "-o", stage.home.path(of: "image"), "-w", "%{http_code}\n",
                "http://127.0.0.1:\(stage.port)/image/[1-40].png",
            ]
        )
        #expect(images.output.split(separator: "\n") == Array(repeating: "200", count: 40), "\(images.errorOutput)")
        #expect(try await stage.ask("/next/page", ["-u", "alice:\(alice.password)"]).status == 200)
        #expect(await eventually(within: .seconds(5)) { slapd.bindRequests(dn: dn) > before })
        #expect(slapd.bindRequests(dn: dn) == before + 1)
        await stage.stop(nginx)
    }

    @Test(arguments: ["nginx", "haproxy"]) func whatACallerSaysOfHimselfStaysOutside(_ proxy: String) async throws {
        let stage = try await ProxyStage.make()
        let rule = "client_id=web"
        let running =
            proxy == "nginx" ? try await stage.startNginx(rule: rule) : try await stage.startHAProxy(rule: rule)
        try await checkNothingIsForged(stage)
        await stage.stop(running)
    }

    @Test func nginxKeepsOthersOut() async throws {
        let stage = try await ProxyStage.make()
        let nginx = try await stage.startNginx(rule: "groups=no-such-group,partner:\(try name(stage))")
        let alice = try #require(stage.setting.sample.person("alice"))
        #expect(try await stage.ask("/", ["-u", "alice:\(alice.password)"]).status == 403)
        #expect(try await stage.ask("/_ldapauthd", ["-u", "alice:\(alice.password)"]).status == 404)
        await stage.stop(nginx)
    }

    /// Too many guesses: what the daemon answers reaches whoever asks, and when to come again.
    private func checkTheThrottle(_ stage: ProxyStage) async throws -> Curl.Answer {
        let alice = try #require(stage.setting.sample.person("alice"))
        for number in 0..<2 { #expect(try await stage.ask("/", ["-u", "alice:wrong\(number)"]).status == 401) }
        let answer = try await stage.ask("/", ["-u", "alice:\(alice.password)"])
        #expect(answer.status == 429, "\(answer.body)")
        #expect(!answer.body.contains("x-auth-user"), "the application was not asked")
        return answer
    }

    @Test func nginxPassesOnThatOneHasToWait() async throws {
        let stage = try await ProxyStage.make(sections: "[throttle]\naccount_failures = 2")
        let nginx = try await stage.startNginx(rule: try group(stage))
        let answer = try await checkTheThrottle(stage)
        let wait = try #require(answer.headers["retry-after"].flatMap { Int($0) }, "\(answer.headers)")
        #expect(1...30 ~= wait)
        await stage.stop(nginx)
    }

    @Test func haproxyPassesOnThatOneHasToWait() async throws {
        let stage = try await ProxyStage.make(sections: "[throttle]\naccount_failures = 2")
        let haproxy = try await stage.startHAProxy(rule: try group(stage))
        _ = try await checkTheThrottle(stage)
        await stage.stop(haproxy)
    }

    @Test func haproxyLetsInWhomTheDaemonKnows() async throws {
        let stage = try await ProxyStage.make()
        let haproxy = try await stage.startHAProxy(rule: try group(stage))
        try await checkTheDoor(stage)
        await stage.stop(haproxy)
    }
}
