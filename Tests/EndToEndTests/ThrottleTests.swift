import TestSupport
import Testing

/// Attacks on the real daemon in front of a real directory that keeps its own count of wrong passwords.
@Suite(.timeLimit(.minutes(10))) struct ThrottleTests {
    /// Waits longer than a busy machine needs for sixty guesses: who comes later may guess once more.
    static let throttle = """
        [throttle]
        account_failures = 5
        lockout = "30s"
        lockout_max = "60s"
        address_failures = 20
        repeat_memory = "60s"
        """

    /// Behind a trusted proxy, so that a request says where it comes from.
    static func setting(throttle: String = throttle) async throws -> Setting {
        try await Setting.make(
            { options in
                options.passwordPolicy = ["pwdMaxFailure": "1000", "pwdLockout": "TRUE"]
            },
            http: "trusted_proxies = [\"127.0.0.1/32\"]",
            sections: throttle
        )
    }

    func login(
        _ daemon: Daemon,
        _ user: String,
        _ password: String,
        from address: String,
        directory: Int = 1
    ) async throws -> Curl.Answer {
        try await Curl.form(
            "\(daemon.url)/token",
            ["grant_type": "password", "username": user, "password": password, "LDAPServerId": "\(directory)"],
            ["-H", "X-Forwarded-For: \(address)"]
        )
    }

    /// Logins sent at the same time by one curl; how often each status came back.
    func atOnce(_ daemon: Daemon, _ logins: [(user: String, password: String, address: String)]) async throws
        -> [Int: Int]
    {
        var arguments = ["--parallel", "--parallel-immediate", "--parallel-max", "\(logins.count)"]
        for (index, login) in logins.enumerated() {
            if index > 0 { arguments.append("--next") }
            arguments += [
                "-s", "-o", "/dev/null", "-w", "%{http_code}\\n", "-H", "X-Forwarded-For: \(login.address)",
                "--data-urlencode", "username=\(login.user)", "--data-urlencode", "password=\(login.password)",
                "-d", "grant_type=password&LDAPServerId=1", "\(daemon.url)/token",
            ]
        }
        KnownSecrets.shared.note(curl: arguments)
        let outcome = try await ChildProcess.run("curl", arguments)
        return outcome.output.split(separator: "\n").compactMap { Int($0) }.reduce(into: [:]) {
            $0[$1, default: 0] += 1
        }
    }

    /// How many wrong passwords the directory has noted for somebody.
    func failures(_ setting: Setting, _ uid: String) async throws -> Int {
        let outcome = try await ChildProcess.run(
            "ldapsearch",
            [
                "-LLL", "-x", "-H", setting.slapd.url, "-D", setting.slapd.adminDN, "-w", setting.slapd.adminPassword,
                "-s", "base", "-b", setting.sample.dn(of: uid), "pwdFailureTime",
            ],
            environment: ["LDAPNOINIT": "1"]
        )
        guard outcome.succeeded else { throw CurlError(description: outcome.errorOutput) }
        return outcome.output.split(separator: "\n").count { $0.hasPrefix("pwdFailureTime:") }
    }

    func refuses(_ answer: Curl.Answer) -> Bool {
        answer.status == 429 && answer.text("error") == "temporarily_unavailable"
            && answer.text("error_description") == "Too many attempts"
            && (answer.headers["retry-after"].flatMap { Int($0) } ?? 0) > 0
    }

    @Test func guessingOneAccountFromEverywhere() async throws {
        let setting = try await Self.setting()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        #expect(try await login(daemon, "alice", alice.password, from: "192.0.2.1").status == 200)
        // Sixty guesses at once, each from an address of its own.
        let answers = try await atOnce(
            daemon,
            (0..<60).map { ("alice", "guess \($0)", "198.51.100.\($0)") }
        )
        #expect(answers == [400: 5, 429: 55])
        #expect(try await failures(setting, "alice") == 5, "no more binds than allowed")
        let waiting = try await login(daemon, "ALICE", alice.password, from: "203.0.113.9")
        #expect(refuses(waiting), "\(waiting)")
        let unnamed = try await Curl.form(
            "\(daemon.url)/api/v1/auth/token",
            ["grant_type": "password", "username": "CORP\\alice", "password": alice.password],
            ["-u", "web:web-secret", "-H", "X-Forwarded-For: 203.0.113.9"]
        )
        #expect(refuses(unnamed), "\(unnamed)")
        // Meanwhile the owner, from where the owner was before.
        #expect(try await login(daemon, "alice", alice.password, from: "192.0.2.1").status == 200)
        // Neither kill -9 nor another address gives new guesses; the owner's address is still known.
        // Successes are written down once a second.
        try await Task.sleep(for: .seconds(3))
        daemon.kill()
        try await daemon.start()
        #expect(try await login(daemon, "alice", alice.password, from: "192.0.2.1").status == 200)
        let goneOn = try await eventually(within: .seconds(60)) {
            try await login(daemon, "alice", "after the wait", from: "203.0.113.10").status == 400
        }
        #expect(goneOn, "a wait has its end")
        #expect(refuses(try await login(daemon, "alice", "one more", from: "203.0.113.11")))
        // The owner's successes have cleared what slapd counted; one guess has come since.
        #expect(try await failures(setting, "alice") == 1)
        let lines = await daemon.logged().split(separator: "\n").count { $0.contains("account-waits") }
        #expect((2...5).contains(lines), "\(lines) lines for more than fifty attempts")
        await setting.stop()
    }

    @Test func namesThatDoNotExistAreRefusedAlike() async throws {
        let setting = try await Self.setting()
        let daemon = setting.daemon
        try await daemon.start()
        var bodies: Set<String> = []
        for name in ["alice", "nobody-of-that-name", "twin"] {
            var statuses: [Int] = []
            for number in 0..<6 {
                let answer = try await login(daemon, name, "wrong \(number)", from: "198.51.100.\(number)")
                statuses.append(answer.status)
                bodies.insert(answer.body)
            }
            #expect(statuses == [400, 400, 400, 400, 400, 429], "\(name)")
            // The same for who asks the local accounts, or nobody in particular, for that name.
            #expect(refuses(try await login(daemon, name, "x", from: "203.0.113.1", directory: 0)))
        }
        #expect(bodies.count == 2)
        await setting.stop()
    }

    @Test func sprayingOnePasswordOverManyNames() async throws {
        let setting = try await Self.setting()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        let uids = setting.sample.people.map(\.uid).filter { $0 != "twin" }
        let before = setting.slapd.bindRequests()
        let answers = try await atOnce(
            daemon,
            (0..<60).map { ($0 < uids.count ? uids[$0] : "user\($0)", "Winter2026!", "198.51.100.7") }
        )
        let log = answers == [400: 20, 429: 40] ? "" : await daemon.logged()
        #expect(answers == [400: 20, 429: 40], "\(log)")
        #expect(setting.slapd.bindRequests() - before <= 20 + 2, "and two of the service account at the most")
        let other = try await login(daemon, "alice", alice.password, from: "198.51.100.7")
        #expect(refuses(other))
        #expect(try await login(daemon, "alice", alice.password, from: "198.51.100.8").status == 200)
        await daemon.stop()
        try await daemon.start()
        #expect(
            refuses(try await login(daemon, "alice", alice.password, from: "198.51.100.7")),
            "a restart clears nothing"
        )
        await setting.stop()
    }

    @Test func theSamePasswordIsNotSentTwice() async throws {
        let setting = try await Self.setting()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        // A phone with the old password.
        for number in 0..<10 {
            #expect(try await login(daemon, "alice", "former-password", from: "198.51.100.\(number)").status == 400)
        }
        #expect(try await failures(setting, "alice") == 1)
        #expect(try await login(daemon, "alice", alice.password, from: "192.0.2.1").status == 200)
        #expect(try await login(daemon, "alice", "former-password", from: "192.0.2.1").status == 400)
        #expect(try await failures(setting, "alice") == 1, "a success clears the memory, and what slapd counted")
        await setting.stop()
    }

    @Test func clientSecretsAreGuessedNoLongerThanPasswords() async throws {
        let setting = try await Self.setting()
        let daemon = setting.daemon
        try await daemon.start()
        func machine(_ secret: String, from address: String = "198.51.100.7") async throws -> Curl.Answer {
            try await Curl.form(
                "\(daemon.url)/api/v1/auth/token",
                ["grant_type": "client_credentials"],
                ["-u", "web:\(secret)", "-H", "X-Forwarded-For: \(address)"]
            )
        }
        for number in 0..<20 { #expect(try await machine("guess\(number)").status == 401) }
        #expect(refuses(try await machine("guess20")))
        #expect(refuses(try await machine("web-secret")), "the right one is not told from a wrong one")
        #expect(try await machine("web-secret", from: "198.51.100.8").status == 200)
        await setting.stop()
    }

    @Test func everythingSwitchedOff() async throws {
        let setting = try await Self.setting(
            throttle: "[throttle]\naccount_failures = 0\naddress_failures = 0\nrepeat_memory = \"0s\""
        )
        let daemon = setting.daemon
        try await daemon.start()
        for _ in 0..<25 { #expect(try await login(daemon, "alice", "same", from: "198.51.100.7").status == 400) }
        #expect(try await failures(setting, "alice") == 25)
        #expect(await daemon.logged().contains("lets anybody guess"))
        await setting.stop()
    }

    /// Medians of many refusals: whoever was asked for, they take the same time.
    @Test func refusalsTakeTheSameTime() async throws {
        let setting = try await Self.setting(throttle: "[throttle]\naccount_failures = 0\naddress_failures = 0")
        let daemon = setting.daemon
        #expect(try await daemon.command(["user", "add", "lisa", "--password-file", "-"], input: "lisa-pw").succeeded)
        try await daemon.start()
        func median(_ names: [String], directory: Int) async throws -> [Double] {
            var times = [[Double]](repeating: [], count: names.count)
            // Turn by turn, so that a busy machine slows all of them alike.
            for number in 0..<40 {
                for (index, name) in names.enumerated() {
                    let start = ContinuousClock.now
                    let answer = try await login(
                        daemon,
                        name,
                        "no \(number)",
                        from: "198.51.100.7",
                        directory: directory
                    )
                    #expect(answer.status == 400)
                    times[index].append((ContinuousClock.now - start) / .milliseconds(1))
                }
            }
            return times.map { $0.sorted()[$0.count / 2] }
        }
        let local = try await median(["lisa", "nobody"], directory: 0)
        #expect(ratio(local) <= 1.25, "local: \(local) ms")
        // Two who are locked: by an administrator, and not yet valid. slapd answers them like a wrong password.
        for (user, line) in [
            ("bob", "pwdAccountLockedTime: 000001010000Z"), ("carol", "pwdStartTime: 20480101000000Z"),
        ] {
            let attribute = line.prefix { $0 != ":" }
            try await setting.slapd.modify(
                "dn: \(setting.sample.dn(of: user))\nchangetype: modify\nreplace: \(attribute)\n\(line)\n\n"
            )
        }
        let directory = try await median(["alice", "nobody", "twin", "bob", "carol"], directory: 1)
        #expect(ratio(directory) <= 1.5, "directory: \(directory) ms")
        for reason in ["wrong-password", "unknown-user", "ambiguous-user", "locked", "disabled"] {
            #expect(await daemon.logged().contains("reason=\(reason)"), "\(reason)")
        }
        await setting.stop()
    }

    private func ratio(_ medians: [Double]) -> Double {
        (medians.max() ?? 0) / (medians.min() ?? 1)
    }
}
