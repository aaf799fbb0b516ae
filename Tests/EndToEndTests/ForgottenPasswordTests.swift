import TestSupport
import Testing

/// An old password is forgotten wherever it was remembered, and whoever guesses at one has to wait.
@Suite(.timeLimit(.minutes(10))) struct ForgottenPasswordTests {
    /// A proxy's question with Basic credentials, which are remembered for a while.
    private func verify(_ daemon: Daemon, _ user: String, _ password: String) async throws -> Int {
        try await Curl.send(["\(daemon.url)/api/v1/auth/verify", "-u", "\(user):\(password)"]).status
    }

    private func change(_ daemon: Daemon, _ user: String, _ old: String, _ new: String, from address: String? = nil)
        async throws -> Curl.Answer
    {
        try await Curl.form(
            "\(daemon.url)/api/v1/auth/password",
            ["username": user, "password": old, "new_password": new],
            address.map { ["-H", "X-Forwarded-For: \($0)"] } ?? []
        )
    }

    /// Lets every memory there is know alice's password, and that “second-secret” is wrong.
    private func arrange() async throws -> (Setting, old: String) {
        let setting = try await Setting.make(directory: "offline_cache = \"1h\"")
        let daemon = setting.daemon
        try await daemon.start()
        let old = try #require(setting.sample.person("alice")?.password)
        #expect(try await daemon.login("alice", old, directory: 1).status == 200)
        #expect(try await verify(daemon, "alice", old) == 200)
        #expect(try await daemon.login("alice", "second-secret", directory: 1).status == 400)
        #expect(try await daemon.login("alice", old, directory: 1).status == 200)
        // The offline cache is written behind the answer.
        try await Task.sleep(for: .seconds(1))
        return (setting, old)
    }

    private func expectOnly(_ new: String, not old: String, _ setting: Setting) async throws {
        let daemon = setting.daemon
        let answer = try await daemon.login("alice", new, directory: 1)
        #expect(answer.status == 200, "that it was wrong a moment ago is forgotten: \(answer.body)")
        #expect(try await verify(daemon, "alice", new) == 200)
        #expect(try await verify(daemon, "alice", old) == 401)
        #expect(try await daemon.login("alice", old, directory: 1).status == 400)
    }

    @Test func byTheEndpoint() async throws {
        let (setting, old) = try await arrange()
        let changed = try await change(setting.daemon, "alice", old, "second-secret")
        #expect(changed.status == 204, "\(changed.body)")
        await setting.slapd.stop()
        #expect(try await setting.daemon.login("alice", old, directory: 1).status == 503, "not in an outage either")
        #expect(try await verify(setting.daemon, "alice", old) == 503)
        try await setting.slapd.restart()
        let isBack = try await eventually(within: .seconds(20)) {
            try await setting.daemon.login("alice", "second-secret", directory: 1).status == 200
        }
        #expect(isBack)
        try await expectOnly("second-secret", not: old, setting)
        await setting.stop()
    }

    @Test func byTheCommandWithinASecond() async throws {
        let (setting, old) = try await arrange()
        try setting.daemon.home.write("\(old)\n", to: "old")
        let outcome = try await setting.daemon.command(
            [
                "user", "password", "corp:alice", "--old-password-file", setting.daemon.home.path(of: "old"),
                "--password-file", "-",
            ],
            input: "second-secret\n"
        )
        #expect(outcome.succeeded, "\(outcome.errorOutput)")
        #expect(try await eventually(within: .seconds(1)) { try await verify(setting.daemon, "alice", old) == 401 })
        try await expectOnly("second-secret", not: old, setting)
        await setting.stop()
    }

    @Test func theCommandSaysInASentenceWhyNot() async throws {
        let setting = try await Setting.make { $0.passwordPolicy = ["pwdCheckQuality": "2", "pwdMinLength": "8"] }
        let old = try #require(setting.sample.person("alice")?.password)
        try setting.daemon.home.write("\(old)\n", to: "old")
        let arguments = ["--old-password-file", setting.daemon.home.path(of: "old"), "--password-file", "-"]
        let short = try await setting.daemon.command(["user", "password", "corp:alice"] + arguments, input: "short\n")
        #expect(!short.succeeded)
        #expect(short.errorOutput.contains("The new password is too short"), "\(short.errorOutput)")
        await setting.stop()
    }

    @Test func guessingOldPasswordsMeetsTheThrottle() async throws {
        let setting = try await ThrottleTests.setting(
            throttle: """
                [throttle]
                account_failures = 3
                lockout = "5m"
                address_failures = 6
                """
        )
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        for guess in 0..<3 {
            let answer = try await change(daemon, "alice", "guess \(guess)", "mine-now", from: "198.51.100.7")
            #expect(answer.status == 400 && answer.text("error_description") == "Invalid user credentials")
        }
        let waiting = try await change(daemon, "CORP\\ALICE", alice.password, "mine-now", from: "203.0.113.9")
        #expect(ThrottleTests().refuses(waiting), "with the right password and from elsewhere too: \(waiting)")
        #expect(waiting.headers["cache-control"] == "no-store")
        #expect(try await ThrottleTests().failures(setting, "alice") == 3, "slapd saw no more binds than allowed")
        // Unknown names count for the address, until it waits as a whole.
        for guess in 0..<3 {
            #expect(try await change(daemon, "nobody-\(guess)", "x", "y", from: "198.51.100.7").status == 400)
        }
        let bob = try #require(setting.sample.person("bob"))
        let address = try await change(daemon, "bob", bob.password, "bobs-new", from: "198.51.100.7")
        #expect(ThrottleTests().refuses(address), "\(address)")
        #expect(try await change(daemon, "bob", bob.password, "bobs-new", from: "192.0.2.4").status == 204)
        let lines = await daemon.logged().split(separator: "\n").count { $0.contains("account-waits") }
        #expect(lines == 1, "one line for a wait")
        await setting.stop()
    }
}
