import TestSupport
import Testing

/// Refreshing on the real daemon: many at once, and killed in between.
@Suite struct RefreshTests {
    /// A hundred connections first, then the same refresh on all of them at once; prints each answer's status and token.
    private static let atOnce = """
        import asyncio, json, sys
        port, count, token = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
        body = f"grant_type=refresh_token&client_id=web&client_secret=web-secret&refresh_token={token}".encode()
        head = (f"POST /api/v1/auth/token HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n"
                f"Content-Type: application/x-www-form-urlencoded\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n").encode()
        async def main():
            streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
            for _, writer in streams:
                writer.write(head + body)
            for reader, writer in streams:
                answer = await asyncio.wait_for(reader.read(), 60)
                status = answer.split()[1].decode()
                members = json.loads(answer.split(b"\\r\\n\\r\\n", 1)[1])
                print(status, members.get("refresh_token", members.get("error_description")))
                writer.close()
        asyncio.run(main())
        """

    @Test func aHundredAtOnceConsumeOneGeneration() async throws {
        let daemon = try await SessionCommandTests.daemon()
        let login = try await daemon.token(["grant_type": "password", "username": "lisa", "password": "pw"])
        let first = try #require(login.text("refresh_token"))
        let outcome = try await ChildProcess.run(
            "python3",
            ["-c", Self.atOnce, "\(daemon.port)", "100", first],
            within: .seconds(120)
        )
        #expect(outcome.succeeded, "\(outcome.errorOutput)")
        let answers = outcome.output.split(separator: "\n")
        #expect(answers.count == 100)
        let distinct = Set(answers)
        #expect(distinct.count == 1, "one successor for all: \(distinct)")
        let answer = try #require(distinct.first)
        #expect(answer.hasPrefix("200 "))
        let successor = String(answer.dropFirst(4))
        #expect(successor != first)
        let next = try await daemon.token(["grant_type": "refresh_token", "refresh_token": successor])
        #expect(next.status == 200, "\(next.body)")
        // The first one is two generations old now.
        let reused = try await daemon.token(["grant_type": "refresh_token", "refresh_token": first])
        #expect(reused.text("error_description") == "Maximum allowed refresh token reuse exceeded")
        let ended = try await daemon.token([
            "grant_type": "refresh_token", "refresh_token": next.text("refresh_token") ?? "",
        ])
        #expect(ended.text("error_description") == "Session not active", "the family has ended")
        await daemon.stop()
    }

    @Test func killedWhilePeopleRefreshNobodyIsLoggedOut() async throws {
        // A grace long enough for a restart on a busy machine.
        let daemon = try await SessionCommandTests.daemon(tokens: "[tokens]\nrefresh_reuse_grace = \"5m\"")
        var tokens: [String] = []
        for _ in 0..<6 {
            let login = try await daemon.token(["grant_type": "password", "username": "lisa", "password": "pw"])
            tokens.append(try #require(login.text("refresh_token")))
        }
        for round in 0..<3 {
            tokens = try await withThrowingTaskGroup(of: String.self) { group in
                for token in tokens {
                    group.addTask {
                        var token = token
                        // Until the daemon is gone; the last answer may be lost on its way.
                        for _ in 0..<200 {
                            guard
                                let answer = try? await daemon.token([
                                    "grant_type": "refresh_token", "refresh_token": token,
                                ])
                            else { break }
                            #expect(answer.status == 200, "\(answer.body)")
                            token = answer.text("refresh_token") ?? token
                        }
                        return token
                    }
                }
                try await Task.sleep(for: .milliseconds(200 + 170 * round))
                daemon.kill()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            try await daemon.start()
            var next: [String] = []
            for token in tokens {
                let answer = try await daemon.token(["grant_type": "refresh_token", "refresh_token": token])
                #expect(answer.status == 200, "after the restart: \(answer.body)")
                let again = try await daemon.token(["grant_type": "refresh_token", "refresh_token": token])
                #expect(again.text("refresh_token") == answer.text("refresh_token"), "the same successor")
                next.append(answer.text("refresh_token") ?? "")
            }
            tokens = next
        }
        await daemon.stop()
    }

    @Test func idleAndExpiredTokensSaySo() async throws {
        let daemon = try await SessionCommandTests.daemon(
            tokens: "[tokens]\naccess_lifetime = \"1s\"\nrefresh_idle = \"2s\"\nsession_max = \"1h\""
        )
        let login = try await daemon.token(["grant_type": "password", "username": "lisa", "password": "pw"])
        let fields: KeyValuePairs = ["grant_type": "refresh_token", "refresh_token": login.text("refresh_token") ?? ""]
        try await Task.sleep(for: .milliseconds(2100))
        #expect(try await daemon.token(fields).text("error_description") == "Token is not active")
        let listed = try await daemon.command(["session", "list"])
        #expect(listed.errorOutput.contains("There are no live sessions."))
        daemon.kill()
        try await daemon.start()
        #expect(try await daemon.token(fields).text("error_description") == "Token is not active")
        await daemon.stop()
    }
}
