import TestSupport
import Testing

/// Listeners on every address of the machine, here of a network namespace that has the loopback interface alone.
@Suite struct BothFamiliesTests {
    /// Runs shell lines there, with `$daemon`, `$file` and `$port`.
    private func inside(_ daemon: Daemon, _ lines: String) async throws -> ChildProcess.Outcome {
        try await ChildProcess.run(
            "unshare",
            ["--net", "sh", "-c", "ip link set lo up || exit 99\n\(lines)"],
            environment: ["daemon": Daemon.binary, "file": daemon.configurationFile, "port": "\(daemon.port)"]
        )
    }

    private func daemon(listening other: String) throws -> Daemon {
        let daemon = try Daemon(
            "[[client]]\nid = \"login\"\ngrants = [\"password\"]",
            http: "allow_cleartext = true"
        )
        try daemon.rewrite {
            $0.split(separator: "\n").map { line in
                line.hasPrefix("listen = ")
                    ? "listen = [\"0.0.0.0:\(daemon.port)\", \"\(other):\(daemon.port)\"]" : line
            }.joined(separator: "\n")
        }
        return daemon
    }

    @Test func bothFamiliesOnOnePort() async throws {
        let daemon = try daemon(listening: "[::]")
        let outcome = try await inside(
            daemon,
            """
            $daemon check --config $file || exit 98
            $daemon serve --config $file & pid=$!
            for host in 127.0.0.1 '[::1]'; do
                curl -gsf --retry 40 --retry-delay 0 --retry-connrefused -o /dev/null -w "$host %{http_code}\\n" \
                    "http://$host:$port/.well-known/jwks.json"
            done
            kill $pid; wait $pid
            """
        )
        #expect(outcome.exit == .code(0), "\(outcome.output)\(outcome.errorOutput)")
        for line in [
            "0.0.0.0:\(daemon.port) is free", "[::]:\(daemon.port) is free", "127.0.0.1 200", "[::1] 200",
        ] {
            #expect(outcome.output.contains(line), "\(line): \(outcome.output)\(outcome.errorOutput)")
        }
    }

    @Test func addressesThatTakeEachOthersPortAreFoundBeforeTheStart() async throws {
        let daemon = try daemon(listening: "127.0.0.1")
        let checked = try await inside(daemon, "$daemon check --config $file")
        #expect(checked.exit == .code(69), "\(checked.output)\(checked.errorOutput)")
        let port = daemon.port
        #expect(
            checked.output.contains("127.0.0.1:\(port) cannot be listened on beside 0.0.0.0:\(port)"),
            "\(checked.output)"
        )
        let served = try await inside(daemon, "$daemon serve --config $file")
        #expect(served.exit == .code(69), "what check says is what happens: \(served.errorOutput)")
        #expect(served.errorOutput.contains("cannot listen on 127.0.0.1:\(port)"), "\(served.errorOutput)")
    }
}
