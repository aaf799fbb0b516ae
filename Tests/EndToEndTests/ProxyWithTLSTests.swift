import TestSupport
import Testing

/// `require_tls` and proxies that speak TLS, or not, configured by the text of the pages.
@Suite struct ProxyWithTLSTests {
    private func start(_ proxy: String, _ stage: ProxyStage) async throws -> ChildProcess {
        let groups = try #require(stage.setting.sample.person("alice")).nestedGroups.sorted()
        let rule = "groups=\(try #require(groups.first { $0.allSatisfy(\.isLetter) }))"
        return proxy == "nginx"
            ? try await stage.startNginx(rule: rule) : try await stage.startHAProxy(rule: rule)
    }

    @Test(arguments: ["nginx", "haproxy"], [true, false])
    func aPasswordIsTakenOverTLSOnly(_ proxy: String, speaksTLS: Bool) async throws {
        let stage = try await ProxyStage.make(http: "require_tls = true", speaksTLS: speaksTLS)
        let running = try await start(proxy, stage)
        let alice = try #require(stage.setting.sample.person("alice"))
        let answer = try await stage.ask("/", ["-u", "alice:\(alice.password)"])
        #expect(answer.status == (speaksTLS ? 200 : 403), "\(answer.body)")
        // What the caller says of TLS counts for nothing.
        let liar = try await stage.ask("/", ["-u", "alice:\(alice.password)", "-H", "X-Forwarded-Proto: https"])
        #expect(liar.status == answer.status, "\(liar.body)")
        await stage.stop(running)
    }

    @Test func nginxInFrontOfTheDaemonItself() async throws {
        let stage = try await ProxyStage.make(http: "require_tls = true", speaksTLS: true)
        let nginx = try await stage.startNginx(page: "install.md")
        let alice = try #require(stage.setting.sample.person("alice"))
        let form = ["-d", "grant_type=password&username=alice&LDAPServerId=1", "-d", "password=\(alice.password)"]
        let forged = ["-H", "X-Forwarded-For: 198.51.100.7"]
        let login = try await stage.ask("/token", form + forged)
        #expect(login.status == 200, "\(login.body)")
        #expect(await stage.setting.daemon.logged().contains("user=alice"), "the login is told of")
        #expect(!stage.setting.daemon.log.contains("198.51.100.7"), "the address is the caller's, not his word for it")
        for path in ["/healthz", "/readyz", "/metrics"] { #expect(try await stage.ask(path).status == 404, "\(path)") }
        // On the machine itself, as the page says.
        let direct = form + ["\(stage.setting.daemon.url)/token"]
        #expect(try await Curl.send(direct).status == 403)
        #expect(try await Curl.send(["-H", "X-Forwarded-Proto: https"] + direct).status == 200)
        await stage.stop(nginx)
    }
}
