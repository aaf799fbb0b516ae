import Glibc
import TestSupport
import Testing

/// Listening sockets held by somebody else, as a socket unit of systemd does.
@Suite struct SocketActivationTests {
    /// Holds a TCP socket, a Unix socket and one named “admin”; starts the daemon with them, and again on SIGUSR1.
    private static let holder = """
        import os, signal, socket, sys
        binary, configuration, port, admin, path = sys.argv[1:]
        def tcp(port):
            s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", int(port))); s.listen(512); return s
        local = socket.socket(socket.AF_UNIX); local.bind(path); local.listen(512)
        held = [tcp(port), local, tcp(admin)]
        def start():
            child = os.fork()
            if child: return child
            high = [os.dup2(s.fileno(), 100 + n) for n, s in enumerate(held)]
            for n, fd in enumerate(high): os.dup2(fd, 3 + n, inheritable=True); os.close(fd)
            os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="3", LISTEN_FDNAMES="public:public:admin")
            os.execv(binary, ["ldapauthd", "serve", "--config", configuration])
        child = start()
        def stop():
            os.kill(child, signal.SIGTERM); os.waitpid(child, 0)
        def restart(*_):
            global child
            stop(); child = start()
        def end(*_):
            stop(); sys.exit(0)
        signal.signal(signal.SIGUSR1, restart); signal.signal(signal.SIGTERM, end)
        while True: signal.pause()
        """

    @Test func aRestartRefusesNoConnection() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try daemon.rewrite {
            $0.replacing("[\"127.0.0.1:\(daemon.port)\"]", with: "[\"systemd\"]")
                .replacing("[\"127.0.0.1:\(daemon.adminPort)\"]", with: "[\"systemd\"]")
        }
        let path = daemon.home.path(of: "http.sock")
        let program = try daemon.home.write(Array(Self.holder.utf8), to: "holder.py")
        let holder = try ChildProcess.start(
            "python3",
            [program, Daemon.binary, daemon.configurationFile, "\(daemon.port)", "\(daemon.adminPort)", path],
            environment: daemon.environment,
            errorFile: daemon.home.path(of: "log")
        )
        // The sockets are there before the daemon is: whoever connects now waits, and is answered.
        let url = "\(daemon.url)/api/System/authenticationSetting"
        #expect(await eventually { (try? await Curl.send([url]))?.status == 200 }, "\(daemon.log)")
        #expect(
            try await Curl.send(["--unix-socket", path, "http://localhost/api/System/authenticationSetting"]).status
                == 200
        )
        #expect(try await Curl.send(["\(daemon.adminURL)/healthz"]).status == 200)
        #expect(
            try await Curl.send(["\(daemon.url)/healthz"]).status == 404,
            "the admin endpoints have their own socket"
        )

        let alice = try #require(setting.sample.person("alice"))
        // Not by cancelling: a request that has begun shall be answered.
        let isEnough = Flag()
        let load = Task {
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<4 {
                    tasks.addTask {
                        var answered = 0
                        while !isEnough.isSet {
                            let answer = try await daemon.login("alice", alice.password, directory: 1)
                            guard answer.status == 200 else { throw TestSupportError("\(answer)") }
                            answered += 1
                        }
                        return answered
                    }
                }
                return try await tasks.reduce(0, +)
            }
        }
        for number in 1...3 {
            holder.signal(SIGUSR1)
            #expect(await eventually(within: .seconds(20)) { count("ldapauthd: ready", daemon.log) == number + 1 })
        }
        isEnough.set()
        #expect(try await load.value >= 4, "every client was answered, through every restart")
        #expect(count("ldapauthd has stopped", daemon.log) == 3)
        #expect(await holder.stop(within: .seconds(30)) == .code(0))
        #expect(access(path, F_OK) == 0, "a socket of systemd's is not ours to remove")
        await setting.stop()
    }

    @Test func aListenerWithoutItsSocketIsNamed() async throws {
        let daemon = try Daemon("[[client]]\nid = \"login\"\ngrants = [\"password\"]\nscopes = [\"api\"]")
        try daemon.rewrite { $0.replacing("[\"127.0.0.1:\(daemon.adminPort)\"]", with: "[\"systemd\"]") }
        let outcome = try await daemon.command(["serve"])
        #expect(outcome.exit == .code(78))
        #expect(outcome.errorOutput.contains("FileDescriptorName=admin"), "\(outcome.errorOutput)")
    }

    private func count(_ text: String, _ log: String) -> Int {
        log.split(separator: "\n").count { $0.contains(text) }
    }
}
