import TestSupport
import Testing

/// A directory that goes away and comes back, and what its people notice.
@Suite(.timeLimit(.minutes(10))) struct OfflineTests {
    static func setting(_ offlineCache: String, sections: String = "") async throws -> Setting {
        try await Setting.make(
            { $0.passwordPolicy = ["pwdLockout": "TRUE", "pwdMaxFailure": "100"] },
            sections: sections,
            directory: offlineCache.isEmpty ? "" : "offline_cache = \"\(offlineCache)\""
        )
    }

    /// Logs in until what stands behind the answer is on the disk.
    func logIn(_ setting: Setting, _ user: String, _ password: String) async throws {
        let before = try await entries(setting.daemon)
        let answer = try await setting.daemon.login(user, password, directory: 1)
        #expect(answer.status == 200, "\(answer.body)")
        // The hash is made behind the answer. Nothing is kept where nothing is to be, or is as it was.
        _ = try await eventually(within: .seconds(2)) { try await entries(setting.daemon) != before }
    }

    private func entries(_ daemon: Daemon) async throws -> String {
        let store = daemon.home.path(of: "store.db")
        let outcome = try await ChildProcess.run("sqlite3", ["-readonly", store, "SELECT * FROM offline_entry"])
        #expect(outcome.succeeded, "\(outcome.errorOutput)")
        return outcome.output
    }

    @Test func offByDefault() async throws {
        let setting = try await Self.setting("")
        try await setting.daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        try await logIn(setting, "alice", alice.password)
        await setting.slapd.stop()
        #expect(try await setting.daemon.login("alice", alice.password, directory: 1).status == 503)
        await setting.stop()
    }

    @Test func anOutageIsBridgedForThoseWhoWereThere() async throws {
        let setting = try await Self.setting("1h")
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        try await logIn(setting, "alice", alice.password)
        await setting.slapd.stop()
        let bridged = try await daemon.login("ALICE", alice.password, directory: 1)
        #expect(bridged.status == 200, "\(bridged.body)")
        #expect(bridged.text("lastName") == alice.surname)
        #expect(await daemon.logged().contains("reason=offline"))
        let wrong = try await daemon.login("alice", "wrong", directory: 1)
        let unknown = try await daemon.login("carol", "x", directory: 1)
        #expect(wrong.status == 503 && wrong.body == unknown.body)
        // A restart in the middle of it, with hash parameters raised: what is kept is of the old ones.
        daemon.kill()
        _ = try await ChildProcess.run(
            "sed",
            ["-i", "s/argon2_iterations = 1/argon2_iterations = 2/", daemon.configurationFile]
        )
        try await daemon.start()
        let session = try await daemon.token([
            "grant_type": "password", "username": "alice", "password": alice.password,
        ])
        #expect(session.status == 200, "\(session.body)")
        let refresh = try #require(session.text("refresh_token"))
        let refreshed = try await daemon.token(["grant_type": "refresh_token", "refresh_token": refresh])
        #expect(refreshed.status == 200, "\(refreshed.body)")

        try await setting.slapd.restart()
        let isBack = try await eventually(within: .seconds(10)) {
            try await daemon.login("carol", setting.sample.person("carol")?.password ?? "", directory: 1).status == 200
        }
        #expect(isBack)
        try await logIn(setting, "alice", alice.password)
        await setting.slapd.stop()
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 200, "made anew since")
        await setting.stop()
    }

    @Test func entriesExpire() async throws {
        let setting = try await Self.setting("20s")
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        try await logIn(setting, "alice", alice.password)
        let answered = ContinuousClock.now
        await setting.slapd.stop()
        // As long as somebody is let in the node stays in service, even when the directory is known to be down.
        let isDegraded = try await eventually(within: .seconds(6)) {
            #expect(try await daemon.login("alice", alice.password, directory: 1).status == 200)
            let bridged = try await Curl.send(["\(daemon.adminURL)/readyz"])
            #expect(bridged.status == 200, "\(bridged.body)")
            return bridged.body.contains("degraded")
        }
        #expect(isDegraded)
        try await Task.sleep(until: answered + .seconds(21), clock: .continuous)
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 503)
        #expect(await eventually { (try? await Curl.send(["\(daemon.adminURL)/readyz"]))?.status == 503 })
        await setting.stop()
    }

    @Test func aChangedPasswordIsNotBridgedAfterARefusal() async throws {
        let setting = try await Self.setting("1h", sections: "[throttle]\nrepeat_memory = \"0s\"")
        let daemon = setting.daemon
        try await daemon.start()
        let (alice, bob) = (
            try #require(setting.sample.person("alice")), try #require(setting.sample.person("bob"))
        )
        try await logIn(setting, "alice", alice.password)
        try await logIn(setting, "bob", bob.password)
        for person in [alice, bob] {
            try await setting.slapd.modify(
                """
                dn: \(setting.sample.dn(of: person))
                changetype: modify
                replace: userPassword
                userPassword: brand-new

                """
            )
        }
        // Alice tries the old one first, bob the new one.
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 400)
        try await logIn(setting, "bob", "brand-new")
        await setting.slapd.stop()
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 503)
        #expect(try await daemon.login("bob", bob.password, directory: 1).status == 503)
        #expect(try await daemon.login("bob", "brand-new", directory: 1).status == 200)
        await setting.stop()
    }

    @Test func whoIsLockedAfterTheOutageIsOut() async throws {
        let setting = try await Self.setting("1h")
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        try await logIn(setting, "alice", alice.password)
        await setting.slapd.stop()
        let session = try await daemon.token([
            "grant_type": "password", "username": "alice", "password": alice.password,
        ])
        #expect(session.status == 200, "\(session.body)")
        try await setting.slapd.restart()
        try await setting.slapd.modify(
            """
            dn: \(setting.sample.dn(of: alice))
            changetype: modify
            add: pwdAccountLockedTime
            pwdAccountLockedTime: 000001010000Z

            """
        )
        let isOut = try await eventually(within: .seconds(10)) {
            try await daemon.login("alice", alice.password, directory: 1).status == 400
        }
        #expect(isOut)
        let refresh = try #require(session.text("refresh_token"))
        #expect(try await daemon.token(["grant_type": "refresh_token", "refresh_token": refresh]).status == 400)
        await setting.slapd.stop()
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 503)
        await setting.stop()
    }
}
