import TestSupport
import Testing

/// One thread of the daemon hangs and the others do not notice: whether systemd hears of it.
@Suite struct WatchdogTests {
    private static let script = "\(MachineImage.repository)/Tests/SystemdTests/freeze.py"
    private static let pair = [
        "http://127.0.0.1:8480/token", "-d", "grant_type=password&username=alice&password=alice-pw&LDAPServerId=1",
    ]

    /// A daemon of which every kind of thread has had something to do, under a watchdog of twelve seconds.
    private func arrange(_ machine: Machine) async throws -> SlapdInside {
        let slapd = try await SlapdInside.start(in: machine)
        try await machine.shortenWatchdog()
        let section = slapd.section.replacing(
            "user_base",
            with:
                "bind_dn = \"uid=alice,dc=corp,dc=example\"\nbind_password_file = \"/etc/ldapauthd/bind.secret\"\nuser_base"
        )
        try await machine.write("alice-pw\n", to: "/etc/ldapauthd/bind.secret")
        let cheap = "argon2_iterations = 1"
        try await machine.serve(
            Machine.configuration(section).replacing(cheap, with: "\(cheap)\nmax_parallel_hashes = 1")
        )
        #expect(try await machine.login().status == 200)
        #expect(try await machine.curl(Self.pair).status == 200)
        return slapd
    }

    private func freeze(_ name: String, on machine: Machine) async throws -> ChildProcess {
        let frost = try ChildProcess.start("python3", [Self.script, "\(machine.pid)", name])
        try await frost.waitForLine(containing: "frozen", in: .output)
        return frost
    }

    /// An event loop of the server, the loop of the directories' connections, the threads that hash.
    @Test(arguments: ["NIO-ELT", "poller", "hash"]) func aBlockedLoopOrPoolIsRestarted(_ name: String) async throws {
        try await Machine.run { machine in
            let slapd = try await arrange(machine)
            let token = try #require(try await machine.login().text("refresh_token"))
            let frost = try await freeze(name, on: machine)
            // Work that nobody does any more: an idle pool is not stuck.
            let waiting = try (0..<3).map { _ in
                try machine.start(
                    "curl",
                    [
                        "-s", "--max-time", "60", "http://127.0.0.1:8480/token", "-d",
                        "grant_type=password&username=lisa&password=lisa-pw",
                    ]
                )
            }
            #expect(try await machine.isRestarted(), "a hanging \(name)")
            #expect(try await machine.journal().contains("Watchdog timeout"))
            for client in waiting { client.kill() }
            frost.kill()
            #expect(try await machine.refresh(token).status == 200)
            await slapd.stop()
        }
    }

    /// The threads for calls that block wait for directories: that must never be the daemon's end.
    @Test func threadsThatWaitForDirectoriesDoNotCount() async throws {
        try await Machine.run { machine in
            let slapd = try await arrange(machine)
            let frost = try await freeze("blocking", on: machine)
            let begun = ContinuousClock.now
            while ContinuousClock.now - begun < .seconds(18) {
                #expect(try await machine.login().status == 200, "local accounts do not need them")
                try await Task.sleep(for: .seconds(1))
            }
            #expect(try await machine.property("NRestarts") == "0")
            frost.kill()
            await slapd.stop()
        }
    }
}
