import Glibc
import TestSupport
import Testing

/// The service as systemd runs it.
@Suite struct ServiceTests {
    @Test func theInstalledConfigurationStartsAndGivesATokenRightAway() async throws {
        try await Machine.run(to: .multiUser) { machine in
            #expect(try await machine.property("ActiveState") == "active", "enabled by the installation")
            try await machine.shell("ldapauthd user add lisa --first-name Lisa --password-file -", input: "lisa-pw\n")
            let answer = try await machine.curl([
                "http://127.0.0.1:8480/token", "-d", "grant_type=password&username=lisa&password=lisa-pw",
            ])
            #expect(answer.status == 200)
            #expect(answer.text("access_token") != nil)
            #expect(answer.text("firstName") == "Lisa")
            // systemctl status tells who is asked and what came of it.
            let isTold = try await eventually(within: .seconds(30), every: .milliseconds(500)) {
                try await machine.property("StatusText") == "Local accounts; 1 logins, 0 refused"
            }
            #expect(isTold)
            // Nobody else can read what it keeps, and a password cannot end in a core file.
            #expect(
                try await machine.shell("stat -c '%U %a' /var/lib/ldapauthd /var/lib/ldapauthd/*")
                    .split(separator: "\n").allSatisfy { $0 == "ldapauthd 700" || $0 == "ldapauthd 600" }
            )
            #expect(try await machine.property("LimitCORE") == "0")
            let listeners = try await machine.outside("ss", ["-Hltn"]).output
            #expect(listeners.split(separator: "\n").allSatisfy { $0.range(of: "127.0.0.1:") != nil }, "\(listeners)")
            let isRunning = try await eventually(within: .seconds(60)) {
                try await machine.command("systemctl", "is-system-running").output == "running\n"
            }
            #expect(isRunning)
            // A login can be found in the journal by its fields.
            let audit = try await machine.shell("journalctl --no-pager -o cat LDAPAUTHD_USER=lisa")
            #expect(audit.range(of: "login") != nil)
            #expect(audit.range(of: "lisa-pw") == nil)
        }
    }

    @Test func theSandboxIsRatedSafe() async throws {
        try await Machine.run { machine in
            // In tenths (systemd-analyze(1)): fails above 1.5.
            let outcome = try await machine.command(
                "systemd-analyze",
                "security",
                "--no-pager",
                "--threshold=15",
                "ldapauthd.service"
            )
            #expect(outcome.succeeded, "\(outcome.output.suffix(3_000))")
            let verified = try await machine.command(
                "sh",
                "-c",
                "systemd-analyze verify --man=no /lib/systemd/system/ldapauthd.*"
            )
            #expect(verified.succeeded && verified.errorOutput.isEmpty, "\(verified.errorOutput)")
        }
    }

    @Test func credentialsAreHandedOver() async throws {
        try await Machine.run { machine in
            let hash = try await machine.shell("ldapauthd client hash-secret", input: "robot-secret\n")
            try await machine.write(hash, to: "/etc/ldapauthd/credentials/robot", shared: false)
            let client = """
                [[client]]
                id = "robot"
                secret_hash_file = "credential:robot"
                grants = ["client_credentials"]
                scopes = ["read"]
                default_scopes = ["read"]
                """
            try await machine.serve(Machine.configuration(client))
            let ask = ["http://127.0.0.1:8480/api/v1/auth/token", "-d", "grant_type=client_credentials"]
            #expect(try await machine.curl(["-u", "robot:robot-secret"] + ask).status == 200)
            #expect(try await machine.curl(["-u", "robot:wrong"] + ask).status == 401)
            let reading = try await machine.command(
                "setpriv",
                "--reuid",
                "ldapauthd",
                "--regid",
                "ldapauthd",
                "--clear-groups",
                "cat",
                "/etc/ldapauthd/credentials/robot"
            )
            #expect(!reading.succeeded, "the folder is root's alone")
        }
    }

    @Test func killedItIsStartedAgainAndTheSessionsGoOn() async throws {
        try await Machine.run { machine in
            try await machine.serve()
            let token = try #require(try await machine.login().text("refresh_token"))
            try await machine.shell("systemctl kill -s KILL --kill-whom=main ldapauthd")
            #expect(try await machine.isRestarted())
            #expect(try await machine.refresh(token).status == 200)
        }
    }

    @Test func hangingItIsKilledByTheWatchdogAndStartedAgain() async throws {
        try await Machine.run { machine in
            try await machine.shortenWatchdog()
            try await machine.serve()
            let token = try #require(try await machine.login().text("refresh_token"))
            try await machine.shell("systemctl kill -s STOP --kill-whom=main ldapauthd")
            #expect(try await machine.isRestarted())
            #expect(try await machine.journal().range(of: "Watchdog timeout") != nil)
            #expect(try await machine.refresh(token).status == 200)
            #expect(try await machine.shell("find / -xdev -name 'core*' -newer /etc/ldapauthd -type f | head").isEmpty)
        }
    }

    @Test func anOutageOfTheDirectoryOrTheStoreNeverRestartsIt() async throws {
        try await Machine.run { machine in
            let slapd = try await SlapdInside.start(in: machine)
            try await machine.shortenWatchdog()
            try await machine.serve(Machine.configuration(slapd.section))
            let main = try await machine.property("MainPID")
            func alice() async throws -> Int {
                try await machine.curl([
                    "http://127.0.0.1:8480/token", "-d",
                    "grant_type=password&username=alice&password=alice-pw&LDAPServerId=1",
                ]).status
            }
            #expect(try await alice() == 200)

            // The directory says nothing, for longer than the watchdog is patient.
            slapd.hang()
            let hung = ContinuousClock.now
            repeat {
                #expect(try await alice() == 503)
                try await Task.sleep(for: .seconds(3))
            } while ContinuousClock.now - hung < .seconds(16)
            #expect(try await machine.login().status == 200, "local accounts do not need it")
            slapd.goOn()
            let isBack = try await eventually(within: .seconds(30), every: .milliseconds(500)) {
                try await alice() == 200
            }
            #expect(isBack)

            // Somebody else is writing, for longer than the watchdog is patient: WAL_WRITE_LOCK is byte 120 of the -shm file
            // (sqlite.org/walformat.html, “WAL Locks”). Not sqlite3 itself: it would follow /proc/…/root to this side.
            let lock = try ChildProcess.start(
                "python3",
                [
                    "-c",
                    "import fcntl, sys, time; f = open(sys.argv[1], 'r+b'); fcntl.lockf(f, fcntl.LOCK_EX, 1, 120); "
                        + "print('locked', flush=True); time.sleep(120)",
                    machine.path(of: "/var/lib/ldapauthd/ldapauthd.db-shm"),
                ]
            )
            try await lock.waitForLine(containing: "locked", in: .output)
            let begun = ContinuousClock.now
            let (refused, took) = (try await machine.login(), ContinuousClock.now - begun)
            #expect(refused.status == 503, "\(refused) after \(took)")
            while ContinuousClock.now - begun < .seconds(16) { try await Task.sleep(for: .milliseconds(500)) }
            lock.kill()
            let writesAgain = try await eventually(within: .seconds(30), every: .milliseconds(500)) {
                try await machine.login().status == 200
            }
            #expect(writesAgain)
            #expect(try await machine.property("MainPID") == main)
            #expect(try await machine.property("NRestarts") == "0")
            await slapd.stop()
        }
    }

    @Test func aStopUnderLoadLosesNoAnsweredLogin() async throws {
        try await Machine.run { machine in
            try await machine.serve(Machine.configuration(level: "info"))
            let load = try await Load.login(on: machine, seconds: 8) {
                try await Task.sleep(for: .seconds(4))
                try await machine.shell("systemctl stop ldapauthd")
            }
            #expect(load.good > 0)
            // A connection that was not yet accepted when the listener closed was never answered; an answer begun is whole.
            #expect(Set(load.others.keys).isSubset(of: ["refused", "unanswered"]), "\(load.others)")
            #expect(try await machine.property("Result") == "success")
            #expect(try await machine.property("ExecMainStatus") == "0")
            try await machine.shell("systemctl start ldapauthd")
            let after = try await Load.refresh(load.tokens, on: machine)
            #expect(after.good == load.good, "\(after.others)")
        }
    }
}
