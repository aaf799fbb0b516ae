import Glibc
import TestSupport
import Testing

/// The running daemon takes a new configuration whole, or says why not and goes on.
@Suite struct ReloadTests {
    @Test func whatChangesInTheFileChangesInTheDaemon() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))

        // A client whose secret file changed.
        try daemon.home.write(Array("another-secret\n".utf8), to: "web.secret")
        #expect(try await machineToken(daemon, "web-secret") == 200, "not before the reload")
        #expect(try await daemon.reload().succeeded)
        #expect(try await machineToken(daemon, "web-secret") == 401)
        #expect(try await machineToken(daemon, "another-secret") == 200)

        // A directory added; the one that is there goes on with its connections.
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 200)
        // The probes before the first login have made theirs by now.
        try await Task.sleep(for: .seconds(1))
        let connections = setting.slapd.acceptedConnections
        let partner = """
            [[directory]]
            id = 2
            name = "partner"
            kind = "generic"
            urls = ["\(setting.slapd.url)"]
            user_base = "ou=people,dc=example,dc=org"
            bind_dn = "\(setting.slapd.serviceDN)"
            bind_password_file = "service.secret"
            [directory.groups]
            mode = "none"
            """
        #expect(try await daemon.login("alice", alice.password, directory: 2).text("error") == "invalid_request")
        try daemon.rewrite { $0 + "\n" + partner }
        let added = try await daemon.reload()
        #expect(added.output.contains("2 directories (1 unchanged, 1 made anew, 0 closed)"), "\(added)")
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 200)
        // One is the new directory's, which is looked at as soon as it is made, and one may be a probe's.
        #expect(setting.slapd.acceptedConnections <= connections + 2, "nobody had to connect again")
        #expect(try await daemon.login("alice", alice.password, directory: 2).status == 200)
        let listed = try await Curl.send(["\(daemon.url)/api/System/authenticationSetting"])
        #expect(listed.body.contains("\"Name\":\"partner\""))

        // The order: alice of the local accounts is asked first now, whose password is another.
        let user = try await daemon.command(["user", "add", "alice", "--password-file", "-"], input: "local-pw\n")
        #expect(user.succeeded, "\(user.errorOutput)")
        #expect(try await passwordToken(daemon, "alice", "local-pw") == 400)
        try daemon.rewrite { $0.replacing("order = [\"corp\", \"local\"]", with: "order = [\"local\", \"corp\"]") }
        #expect(try await daemon.reload().succeeded)
        #expect(try await passwordToken(daemon, "alice", "local-pw") == 200)

        // A directory removed: its number is unknown, and its connections are closed.
        try daemon.rewrite { $0.replacing(partner, with: "") }
        let removed = try await daemon.reload()
        #expect(removed.output.contains("1 directory (1 unchanged, 0 made anew, 1 closed)"), "\(removed)")
        #expect(try await daemon.login("alice", alice.password, directory: 2).text("error") == "invalid_request")
        #expect(await eventually { daemon.log.contains("directory closed directory=partner") })
        await setting.stop()
    }

    @Test func theLevelOfTheLogChanges() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try daemon.rewrite { $0.replacing("level = \"trace\"", with: "level = \"warning\"") }
        try await daemon.start()
        _ = try await Curl.send(["\(daemon.url)/quiet"])
        try daemon.rewrite { $0.replacing("level = \"warning\"", with: "level = \"debug\"") }
        // SIGHUP does what the command does.
        #expect(kill(daemon.pid, SIGHUP) == 0)
        #expect(await eventually { daemon.log.contains("reloaded: ") })
        _ = try await Curl.send(["\(daemon.url)/loud"])
        #expect(await eventually { daemon.log.contains("path=/loud") })
        #expect(!daemon.log.contains("path=/quiet"))
        #expect(await eventually { daemon.log.contains("asked_by=SIGHUP") })
        await setting.stop()
    }

    @Test(arguments: [
        ("[log]", "[log]\nlevle = \"info\"", "unknown key"),
        ("[[client]]", "[[client", "no valid TOML"),
        ("\"service.secret\"", "\"missing.secret\"", "does not exist"),
        ("url = \"sqlite:store.db\"", "url = \"sqlite:other.db\"", "storage.url cannot change while the daemon runs"),
    ])
    func aConfigurationThatWillNotDoChangesNothing(_ old: String, _ new: String, _ reason: String) async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        try daemon.rewrite {
            // Something good beside it must not be taken either.
            $0.replacing(old, with: new).replacing("[\"read\", \"write\"]", with: "[\"read\"]")
        }
        let outcome = try await daemon.reload()
        #expect(outcome.exit == .code(78), "\(outcome)")
        #expect(outcome.errorOutput.contains(reason), "\(outcome.errorOutput)")
        #expect(outcome.errorOutput.contains("goes on with its old configuration"))
        #expect(await eventually { daemon.log.contains("not reloaded, the old configuration goes on") })
        let answer = try await daemon.token([
            "grant_type": "password", "username": "alice", "password": alice.password, "scope": "write",
        ])
        #expect(answer.status == 200, "\(answer.body)")
        await setting.stop()
    }

    @Test func theCertificateAndTheProxiesChange() async throws {
        let authority = try await CertificateAuthority.make()
        let (first, second) = (
            try await authority.issue(.names(["first.example"])), try await authority.issue(.names(["second.example"]))
        )
        let setting = try await Setting.make(
            http: """
                trusted_proxies = []
                [http.tls]
                certificate_file = "\(first.certificateFile)"
                key_file = "\(first.keyFile)"
                """
        )
        let daemon = setting.daemon
        try await daemon.start()
        func isShown(_ name: String) async throws -> Bool {
            let outcome = try await ChildProcess.run(
                "curl",
                [
                    "-s", "--cacert", authority.certificateFile, "--resolve", "\(name):\(daemon.port):127.0.0.1",
                    "-H", "X-Forwarded-For: 192.0.2.77", "https://\(name):\(daemon.port)/from",
                ]
            )
            return outcome.succeeded
        }
        #expect(try await isShown("first.example"))
        try daemon.rewrite {
            $0.replacing(first.certificateFile, with: second.certificateFile)
                .replacing(first.keyFile, with: second.keyFile)
                .replacing("trusted_proxies = []", with: "trusted_proxies = [\"127.0.0.1\"]")
        }
        #expect(!daemon.log.contains("address=192.0.2.77"))
        let outcome = try await daemon.reload()
        #expect(outcome.succeeded, "\(outcome.errorOutput)")
        #expect(try await isShown("second.example"))
        #expect(try await !isShown("first.example"))
        #expect(await eventually { daemon.log.contains("address=192.0.2.77") })
        await setting.stop()
    }

    @Test func whoeverNamesAnotherFileOrSocketIsTold() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        let absent = try await daemon.reload()
        #expect(absent.exit == .code(69))
        #expect(absent.errorOutput.contains("no daemon answers"))
        try await daemon.start()
        let other = daemon.home.path(of: "other.toml")
        try daemon.home.write(Array("".utf8), to: "other.toml")
        let wrong = try await ChildProcess.run(
            Daemon.binary,
            ["reload", "--config", other],
            environment: daemon.environment
        )
        #expect(wrong.exit == .code(65))
        #expect(wrong.errorOutput.contains("the daemon runs with \(daemon.configurationFile), not with \(other)"))
        // A daemon that was killed leaves its socket; the next one takes its place.
        daemon.kill()
        try await daemon.start()
        let again = try await daemon.reload()
        #expect(again.succeeded, "\(again.errorOutput)")
        await daemon.stop()
        #expect(access(daemon.home.path(of: "control.sock"), F_OK) != 0, "a stopped daemon leaves no socket")
        await setting.stop()
    }

    @Test func onlyRootAndTheOwnUserMayReload() async throws {
        // Needs another user to be.
        guard geteuid() == 0 else { return }
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let socket = daemon.home.path(of: "control.sock")
        #expect(chmod(daemon.home.path, 0o755) == 0)
        // They are turned away before a word, so that the other side may be gone already when they say theirs.
        let program = """
            import socket
            s = socket.socket(socket.AF_UNIX)
            s.connect('\(socket)')
            try:
                s.sendall(b'{"command":"reload"}\\n')
            except BrokenPipeError:
                pass
            print(s.recv(65536).decode())
            """
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", program]
        let shut = try await ChildProcess.run("setpriv", nobody)
        #expect(shut.errorOutput.contains("PermissionError"), "the file's mode: \(shut)")
        // And where the mode lets them in, the kernel's word of who they are does not.
        #expect(chmod(socket, 0o666) == 0)
        let told = try await ChildProcess.run("setpriv", nobody)
        #expect(told.output.contains("only root and the user of the daemon may do that"), "\(told)")
        #expect(!daemon.log.contains("reloaded: "))
        await setting.stop()
    }

    @Test func manyReloadsUnderLoadLoseNothingAndLeaveNothingBehind() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        func figure(_ name: String) async throws -> Int {
            let line = try await daemon.scrape().split(separator: "\n").first { $0.hasPrefix("\(name) ") }
            return try #require(line.flatMap { Int($0.dropFirst(name.count + 1)) })
        }
        for _ in 0..<3 { _ = try await daemon.reload() }
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 200)
        let before = try await figure("process_open_fds")
        let memoryBefore = try await figure("process_resident_memory_bytes")

        // Not by cancelling: a request that has begun shall be answered.
        let isEnough = Flag()
        let load = Task {
            var statuses: Set<Int> = []
            while !isEnough.isSet {
                statuses.insert(try await daemon.login("alice", alice.password, directory: 1).status)
            }
            return statuses
        }
        // A longer run by hand: LDAPAUTHD_TEST_RELOADS=1000.
        let number = getenv("LDAPAUTHD_TEST_RELOADS").flatMap { Int(String(cString: $0)) } ?? 40
        for number in 0..<number {
            // Every other one makes the directory anew: its connections must go with it.
            try daemon.rewrite {
                $0.replacing(
                    number % 4 < 2 ? "operation_timeout = \"10s\"" : "operation_timeout = \"11s\"",
                    with: number % 4 < 2 ? "operation_timeout = \"11s\"" : "operation_timeout = \"10s\""
                )
            }
            let outcome = try await daemon.reload()
            #expect(outcome.succeeded, "\(outcome.errorOutput)")
            #expect(
                outcome.output.contains(number.isMultiple(of: 2) ? "1 made anew" : "1 unchanged"),
                "\(outcome.output)"
            )
        }
        isEnough.set()
        #expect(try await load.value == [200], "no request failed")
        // Connections of directories that are gone close a moment later.
        let settled = await eventually(within: .seconds(20)) {
            ((try? await figure("process_open_fds")) ?? .max) <= before + 2
        }
        let after = try await figure("process_open_fds")
        let memory = try await figure("process_resident_memory_bytes") - memoryBefore
        #expect(memory < 32 << 20, "\(memory >> 10) KiB more")
        #expect(settled, "\(before) descriptors before, \(after) after")
        await setting.stop()
    }

    private func machineToken(_ daemon: Daemon, _ secret: String) async throws -> Int {
        try await Curl.form(
            "\(daemon.url)/api/v1/auth/token",
            ["grant_type": "client_credentials"],
            ["-u", "web:\(secret)"]
        ).status
    }

    private func passwordToken(_ daemon: Daemon, _ user: String, _ password: String) async throws -> Int {
        try await Curl.form(
            "\(daemon.url)/api/v1/auth/token",
            ["grant_type": "password", "username": user, "password": password],
            ["-u", "web:another-secret"]
        ).status
    }
}
