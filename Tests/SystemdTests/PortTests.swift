import TestSupport
import Testing

/// A port that somebody else has at boot.
@Suite struct PortTests {
    @Test func aPortThatIsTakenAtBootAndFreedLaterIsServed() async throws {
        try await Machine.run { machine in
            let holder = try machine.start(
                "python3",
                [
                    "-c",
                    "import socket, time; s = socket.create_server(('127.0.0.1', 8480)); print('listening', flush=True); "
                        + "time.sleep(300)",
                ]
            )
            try await holder.waitForLine(containing: "listening", in: .output)
            try await machine.write(Machine.configuration(), to: "/etc/ldapauthd/ldapauthd.toml")
            try await machine.addLisa()
            _ = try await machine.command("systemctl", "start", "--no-block", "ldapauthd")
            // More often than the five times in ten seconds after which systemd gives up by itself.
            let isTried = try await eventually(within: .seconds(60), every: .milliseconds(300)) {
                Int(try await machine.property("NRestarts")) ?? 0 > 6
            }
            #expect(isTried)
            let journal = try await machine.journal()
            // The sandbox does not show whose process it is, but the user; the doctor, asked by root, names the process.
            #expect(
                journal.contains("cannot listen on 127.0.0.1:8480: Address already in use"),
                "\(journal.suffix(2_000))"
            )
            #expect(journal.contains("127.0.0.1:8480 is taken by a process of root"), "\(journal.suffix(2_000))")
            holder.kill()
            let isUp = try await eventually(within: .seconds(30), every: .milliseconds(300)) {
                try await machine.property("ActiveState") == "active"
            }
            #expect(isUp, "nobody had to do anything")
            #expect(try await machine.login().status == 200)
        }
    }
}
