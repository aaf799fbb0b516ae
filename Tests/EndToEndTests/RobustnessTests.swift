import TestSupport
import Testing

/// Bad input never gives a 5xx, a crash or a hang; nothing secret reaches the log.
@Suite struct RobustnessTests {
    static let bodies: [(type: String, body: [UInt8])] = [
        ("application/json", []), ("application/json", Array("{".utf8)), ("application/json", Array("[]".utf8)),
        ("application/json", Array("{\"UserName\":{}}".utf8)), ("application/json", [0xFF, 0xFE, 0x00]),
        ("application/json", Array(String(repeating: "[", count: 60000).utf8)),
        ("application/json", Array("{\"LDAPServerId\":99999999999999999999}".utf8)),
        ("application/json", Array("{\"Grant_type\":\"password\",\"UserName\":\"\\u0000\",\"Password\":\"x\"}".utf8)),
        ("application/xml", Array("<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>".utf8)),
        ("application/xml", Array("<".utf8)),
        ("text/xml; charset=utf-16", Array("<a/>".utf8)), ("application/x-www-form-urlencoded", Array("%".utf8)),
        ("application/x-www-form-urlencoded", Array("grant_type=password&username=%00&password=%00".utf8)),
        ("application/x-www-form-urlencoded", Array("grant_type=password&username=a&password=b&LDAPServerId=-1".utf8)),
        (
            "application/x-www-form-urlencoded",
            Array("grant_type=password&username=*)(uid=*&password=x&LDAPServerId=1".utf8)
        ),
        (
            "application/x-www-form-urlencoded",
            Array(("grant_type=password&password=x&username=" + String(repeating: "ä", count: 20000)).utf8)
        ),
        ("application/x-www-form-urlencoded", Array(repeating: 0x41, count: 70000)), ("text/plain", Array("x".utf8)),
        ("\u{1}", Array("x".utf8)), ("application/json; charset=klingon", Array("{}".utf8)),
    ]

    @Test func badInputIsRefusedAndTheDaemonGoesOn() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        for path in ["/token", "/api/v1/auth/token"] {
            for (type, body) in Self.bodies {
                let answer = try await Curl.send(
                    ["-H", "Content-Type: \(type)", "-H", "Expect:", daemon.url + path],
                    body: body
                )
                #expect((400..<500).contains(answer.status), "\(path) \(type): \(answer.status) \(answer.body)")
            }
        }
        for arguments in [
            ["-X", "PUT"], ["-X", "DELETE"], ["-X", "BREW"], ["-H", "Accept: \u{2}"], ["-u", ":"],
            ["-H", "Authorization: Bearer x"],
        ] {
            let answer = try await Curl.send(arguments + ["\(daemon.url)/token"])
            #expect((400..<500).contains(answer.status), "\(arguments): \(answer.status)")
        }
        #expect(try await Curl.send(["\(daemon.url)/nothing/here"]).status == 404)
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 200)
        await setting.stop()
        #expect(!daemon.log.contains("An error has occurred"))
        try await logHoldsNoSecret(setting, secrets: [alice.password, "web-secret", setting.slapd.servicePassword])
    }

    /// The whole log at level trace, after logins with right and wrong passwords.
    private func logHoldsNoSecret(_ setting: Setting, secrets: [String]) async throws {
        for secret in secrets {
            #expect(!setting.daemon.log.contains(secret), "the log holds “\(secret)”")
        }
        #expect(setting.daemon.log.contains("login"), "there is something in the log to look through")
    }

    @Test func stopAnswersWhatIsUnderWay() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 200)
        // The directory holds its breath while eight people wait, and the daemon is told to stop meanwhile.
        setting.slapd.pause()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { try await daemon.login("alice", alice.password, directory: 1).status }
            }
            let areThere = try await eventually(within: .seconds(30)) {
                try await daemon.scrape().contains("\nldapauthd_http_connections 8\n")
            }
            #expect(areThere)
            try await Task.sleep(for: .milliseconds(500))
            async let ended = daemon.stop()
            try await Task.sleep(for: .milliseconds(500))
            setting.slapd.resume()
            var answers: [Int] = []
            for try await status in group { answers.append(status) }
            #expect(answers == Array(repeating: 200, count: 8))
            #expect(await ended == .code(0))
        }
        await setting.slapd.stop()
    }
}
