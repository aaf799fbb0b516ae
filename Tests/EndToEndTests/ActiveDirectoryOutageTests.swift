import TestSupport
import Testing

/// A domain controller that goes away and comes back, with `offline_cache` on.
@Suite(.timeLimit(.minutes(10))) struct ActiveDirectoryOutageTests {
    private func logIn(_ daemon: Daemon, _ names: [String]) async throws {
        for name in names {
            let answer = try await daemon.login(name, "right-\(name)")
            #expect(answer.status == 200, "\(name): \(answer.body)")
        }
        // The hashes are made behind the answers.
        try await Task.sleep(for: .seconds(3))
    }

    @Test func bridgesThoseWhoWereThere() async throws {
        let samba = try await SambaServer.start()
        for name in ["alice", "off", "changes"] { try await samba.addUser(name, password: "right-\(name)") }
        let daemon = try ActiveDirectoryTests.daemon(samba, directory: "offline_cache = \"1h\"")
        let forgetful = try ActiveDirectoryTests.daemon(samba, directory: "offline_cache = \"5s\"")
        try await daemon.start()
        try await forgetful.start()
        try await logIn(daemon, ["alice", "off", "changes"])
        try await logIn(forgetful, ["alice"])

        await samba.stop()
        let bridged = try await daemon.login("CORP.EXAMPLE\\alice", "right-alice")
        #expect(bridged.status == 503, "a domain that is not configured chooses nothing: \(bridged.body)")
        #expect(try await daemon.login("ALICE", "right-alice").status == 200)
        #expect(await daemon.logged().contains("reason=offline"))
        let wrong = try await daemon.login("alice", "wrong")
        let unknown = try await daemon.login("nobody", "wrong")
        #expect(wrong.status == 503 && wrong.body == unknown.body)
        try await Task.sleep(for: .seconds(5))
        #expect(try await forgetful.login("alice", "right-alice").status == 503, "an entry has its end")
        // What is kept was made with lower parameters.
        try daemon.rewrite { text in
            text.split(separator: "\n", omittingEmptySubsequences: false)
                .map { $0 == "argon2_iterations = 1" ? "argon2_iterations = 2" : $0 }.joined(separator: "\n")
        }
        let reload = try await daemon.reload()
        #expect(reload.succeeded, "\(reload.errorOutput)")
        #expect(try await daemon.login("alice", "right-alice").status == 200)

        try await samba.restart()
        try await samba.disable("off")
        try await samba.setPassword("changes", "Brand-new2")
        let isBack = try await eventually(within: .seconds(20)) {
            try await daemon.login("off", "right-off").text("error_description") == "Account disabled"
        }
        #expect(isBack, "disabled meanwhile, and out as soon as it can be asked: \(daemon.log.suffix(1000))")
        let new = try await daemon.login("changes", "Brand-new2")
        #expect(new.status == 200, "\(new.body)")
        try await Task.sleep(for: .seconds(3))

        // Silent this time, as behind a firewall.
        samba.pause()
        #expect(try await daemon.login("off", "right-off").status == 503)
        #expect(try await daemon.login("changes", "right-changes").status == 503, "the old one is gone")
        #expect(try await daemon.login("changes", "Brand-new2").status == 200)
        samba.resume()
        await daemon.stop()
        await forgetful.stop()
        await samba.stop()
    }
}
