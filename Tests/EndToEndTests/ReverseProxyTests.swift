import TestSupport
import Testing

/// Real proxies, configured by the very text of docs/nginx.md, in front of an application without a login of its own.
@Suite struct ReverseProxyTests {
    /// A daemon, an application and a proxy between them and curl.
    private struct Stage {
        let setting: Setting
        let application: ChildProcess
        let home: TemporaryDirectory
        let port: Int
        let applicationPort: Int

        static func make(sections: String = "") async throws -> Stage {
            let setting = try await Setting.make(http: "trusted_proxies = [\"127.0.0.1/32\"]", sections: sections)
            try await setting.daemon.start()
            let port = try freePort()
            let applicationPort = try freePort()
            let application = try ChildProcess.start(
                "python3",
                ["\(Daemon.repository)/Tests/EndToEndTests/Clients/application.py", "\(applicationPort)"]
            )
            guard
                await eventually(
                    within: .seconds(30),
                    { (try? await Curl.send(["http://127.0.0.1:\(applicationPort)/"]))?.status == 200 }
                )
            else { throw CurlError(description: "the application did not start: \(application.errorOutput)") }
            return Stage(
                setting: setting,
                application: application,
                home: try TemporaryDirectory("ldapauthd-proxy"),
                port: port,
                applicationPort: applicationPort
            )
        }

        /// The block of docs/nginx.md that begins with ```` ```language ````, with this stage's addresses.
        /// `rule` is what `verify` is asked instead of the page's groups.
        func documented(_ language: String, rule: String) throws -> String {
            let page = text(of: "\(Daemon.repository)/docs/nginx.md")
            let start = try #require(page.range(of: "```\(language)\n")).upperBound
            let end = try #require(page[start...].range(of: "```")).lowerBound
            let replacements = [
                "127.0.0.1:8480": "127.0.0.1:\(setting.daemon.port)", "127.0.0.1:8080": "127.0.0.1:\(port)",
                "127.0.0.1:9000": "127.0.0.1:\(applicationPort)", "groups=staff,editors": rule,
                "/etc/haproxy/ldapauthd.lua": home.path(of: "ldapauthd.lua"),
            ]
            var block = String(page[start..<end])
            for (old, new) in replacements {
                var replaced = ""
                var rest = block[...]
                while let place = rest.range(of: old) {
                    replaced += rest[..<place.lowerBound] + new
                    rest = rest[place.upperBound...]
                }
                block = replaced + rest
            }
            return block
        }

        private func text(of file: String) -> String {
            TestSupport.text(ofFile: file)
        }

        func ask(_ path: String, _ arguments: [String] = []) async throws -> Curl.Answer {
            try await Curl.send(arguments + ["http://127.0.0.1:\(port)\(path)"])
        }

        func stop(_ proxy: ChildProcess) async {
            await proxy.stop()
            await application.stop()
            await setting.stop()
        }
    }

    private func startNginx(_ stage: Stage, rule: String) async throws -> ChildProcess {
        let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(stage.home.path(of: $0));" }.joined(separator: "\n")
        let configuration = """
            daemon off;
            user root;
            worker_processes 1;
            pid \(stage.home.path(of: "pid"));
            error_log stderr warn;
            events {}
            http {
            access_log off;
            \(folders)
            \(try stage.documented("nginx", rule: rule))
            }
            """
        try stage.home.write(Array(configuration.utf8), to: "nginx.conf")
        let nginx = try ChildProcess.start(
            "/usr/sbin/nginx",
            ["-e", "stderr", "-c", stage.home.path(of: "nginx.conf"), "-p", stage.home.path]
        )
        try await answers(stage, nginx)
        return nginx
    }

    private func answers(_ stage: Stage, _ proxy: ChildProcess) async throws {
        let isUp = await eventually(within: .seconds(20)) {
            if proxy.exit != nil { return true }
            return (try? await stage.ask("/"))?.status == 401
        }
        guard isUp, proxy.exit == nil else {
            throw CurlError(description: "the proxy did not start: \(proxy.errorOutput) \(proxy.output)")
        }
    }

    private func startHAProxy(_ stage: Stage, rule: String) async throws -> ChildProcess {
        try stage.home.write(Array(try stage.documented("lua", rule: rule).utf8), to: "ldapauthd.lua")
        try stage.home.write(Array(try stage.documented("haproxy", rule: rule).utf8), to: "haproxy.cfg")
        let haproxy = try ChildProcess.start("/usr/sbin/haproxy", ["-db", "-f", stage.home.path(of: "haproxy.cfg")])
        try await answers(stage, haproxy)
        return haproxy
    }

    private static let headers = [
        "X-Auth-User", "X-Auth-User-Id", "X-Auth-Groups", "X-Auth-Email", "X-Auth-Source", "X-Auth-Subject",
    ]

    /// What a caller says of himself in any of the headers, also as the variables of CGI spell them.
    private static let forged = headers.flatMap { name in
        let underscored = String(name.map { $0 == "-" ? "_" : $0 })
        return ["-H", "\(name): forged", "-H", "\(underscored): forged"]
    }

    /// Nothing of it reaches the application, neither where `verify` says something else nor where it has nothing to say.
    private func checkNothingIsForged(_ stage: Stage) async throws {
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
    private func checkTheDoor(_ stage: Stage) async throws {
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
    private func group(_ stage: Stage) throws -> String {
        "groups=" + (try name(stage))
    }

    private func name(_ stage: Stage) throws -> String {
        try #require(stage.setting.sample.person("alice")?.nestedGroups.sorted().first { $0.allSatisfy(\.isLetter) })
    }

    @Test func nginxLetsInWhomTheDaemonKnows() async throws {
        let stage = try await Stage.make()
        let nginx = try await startNginx(stage, rule: try group(stage))
        try await checkTheDoor(stage)
        await stage.stop(nginx)
    }

    @Test func aPageWithFortyImagesIsOneBind() async throws {
        let stage = try await Stage.make()
        let nginx = try await startNginx(stage, rule: try group(stage))
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
        let stage = try await Stage.make()
        let rule = "client_id=web"
        let running =
            proxy == "nginx" ? try await startNginx(stage, rule: rule) : try await startHAProxy(stage, rule: rule)
        try await checkNothingIsForged(stage)
        await stage.stop(running)
    }

    @Test func nginxKeepsOthersOut() async throws {
        let stage = try await Stage.make()
        let nginx = try await startNginx(stage, rule: "groups=no-such-group,partner:\(try name(stage))")
        let alice = try #require(stage.setting.sample.person("alice"))
        #expect(try await stage.ask("/", ["-u", "alice:\(alice.password)"]).status == 403)
        #expect(try await stage.ask("/_ldapauthd", ["-u", "alice:\(alice.password)"]).status == 404)
        await stage.stop(nginx)
    }

    /// Too many guesses: what the daemon answers reaches whoever asks, and when to come again.
    private func checkTheThrottle(_ stage: Stage) async throws -> Curl.Answer {
        let alice = try #require(stage.setting.sample.person("alice"))
        for number in 0..<2 { #expect(try await stage.ask("/", ["-u", "alice:wrong\(number)"]).status == 401) }
        let answer = try await stage.ask("/", ["-u", "alice:\(alice.password)"])
        #expect(answer.status == 429, "\(answer.body)")
        #expect(!answer.body.contains("x-auth-user"), "the application was not asked")
        return answer
    }

    @Test func nginxPassesOnThatOneHasToWait() async throws {
        let stage = try await Stage.make(sections: "[throttle]\naccount_failures = 2")
        let nginx = try await startNginx(stage, rule: try group(stage))
        let answer = try await checkTheThrottle(stage)
        let wait = try #require(answer.headers["retry-after"].flatMap { Int($0) }, "\(answer.headers)")
        #expect(1...30 ~= wait)
        await stage.stop(nginx)
    }

    @Test func haproxyPassesOnThatOneHasToWait() async throws {
        let stage = try await Stage.make(sections: "[throttle]\naccount_failures = 2")
        let haproxy = try await startHAProxy(stage, rule: try group(stage))
        _ = try await checkTheThrottle(stage)
        await stage.stop(haproxy)
    }

    @Test func haproxyLetsInWhomTheDaemonKnows() async throws {
        let stage = try await Stage.make()
        let haproxy = try await startHAProxy(stage, rule: try group(stage))
        try await checkTheDoor(stage)
        await stage.stop(haproxy)
    }
}
