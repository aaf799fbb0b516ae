import Glibc
import TestSupport
import Testing

/// How the daemon begins and ends.
@Suite struct ServeTests {
    @Test func aSecondDaemonOnTheSameDatabaseIsRefused() async throws {
        let daemon = try await SessionCommandTests.daemon()
        let second = try await ChildProcess.run(
            Daemon.binary,
            ["serve", "--config", daemon.configurationFile],
            within: .seconds(60)
        )
        #expect(second.exit == .code(69))
        #expect(
            second.errorOutput.contains("another ldapauthd (process \(daemon.pid)) serves from the database"),
            "\(second.errorOutput)"
        )
        #expect(try await daemon.command(["session", "list"]).succeeded, "commands go beside it")
        #expect(try await daemon.login("lisa", "pw").status == 200)
        daemon.kill()
        try await daemon.start()
        await daemon.stop()
    }

    @Test func whoHasThePortIsNamed() async throws {
        let first = try await SessionCommandTests.daemon()
        let second = try Daemon(SessionCommandTests.configuration, secrets: ["web.secret": "web-secret\n"])
        try second.rewrite { $0.replacing("127.0.0.1:\(second.port)", with: "127.0.0.1:\(first.port)") }
        let outcome = try await ChildProcess.run(
            Daemon.binary,
            ["serve", "--config", second.configurationFile],
            within: .seconds(60)
        )
        #expect(outcome.exit == .code(69))
        let sentence = "127.0.0.1:\(first.port) is taken by ldapauthd (process \(first.pid))"
        #expect(outcome.errorOutput.contains(sentence), "\(outcome.errorOutput)")
        #expect(!outcome.errorOutput.contains("127.0.0.1:\(second.adminPort) is taken"), "that one it had itself")
        await first.stop()
    }

    /// True once the process has a handler for SIGTERM: bit 15 of SigCgt (proc_pid_status(5)).
    private func trapsStop(_ pid: pid_t) -> Bool {
        guard let file = fopen("/proc/\(pid)/status", "r") else { return false }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            guard text.hasPrefix("SigCgt:\t") else { continue }
            let digits = text.dropFirst("SigCgt:\t".count).prefix { $0 != "\n" }
            return (UInt64(digits, radix: 16) ?? 0) & (1 << 14) != 0
        }
        return false
    }

    @Test(arguments: [0, 1, 5, 20, 60, 150])
    func toldToStopWhileItStartsItEndsCleanly(milliseconds: Int) async throws {
        let daemon = try Daemon(SessionCommandTests.configuration, secrets: ["web.secret": "web-secret\n"])
        let child = try ChildProcess.start(Daemon.binary, ["serve", "--config", daemon.configurationFile])
        let deadline = ContinuousClock.now + .seconds(30)
        while !trapsStop(child.pid), child.exit == nil, ContinuousClock.now < deadline { usleep(200) }
        usleep(UInt32(milliseconds * 1000))
        child.signal(SIGTERM)
        #expect(try await child.wait() == .code(0))
    }
}
