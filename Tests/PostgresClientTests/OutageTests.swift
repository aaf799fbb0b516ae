import EventPoller
import PostgresClient
import TestSupport
import Testing

@Suite("Deadlines, cancellation, outages")
struct OutageTests {
    @Test("The deadline ends a call; the server stops too, and the client goes on")
    func deadline() async throws {
        try await Setting.shared { client in
            _ = try await client.query("SELECT 1", deadline: soon)
            let start = ContinuousClock.now
            let error = await failure {
                _ = try await client.query("SELECT pg_sleep(60), 'deadline-test'", deadline: .now + .seconds(1))
            }
            #expect(error?.code == .timeout)
            #expect(error?.requestWasWritten == true)
            #expect(start.duration(to: .now) < .seconds(5))
            // Until it has answered again it counts as one that hangs.
            #expect(await eventually { (try? await client.query("SELECT 1", deadline: soon)) != nil })
            try await isStopped("deadline-test", client)
        }
    }

    @Test("A cancelled transaction lets its locks go")
    func cancel() async throws {
        try await Setting.shared { client in
            let task = Task {
                try await client.transaction(deadline: soon) { transaction in
                    _ = try await transaction.query("SELECT pg_advisory_xact_lock(4711)")
                    _ = try await transaction.query("SELECT pg_sleep(60), 'cancel-test'")
                }
            }
            #expect(await eventually { (try? await running("cancel-test", client)) == 1 })
            task.cancel()
            let result = await task.result
            #expect(throws: PostgresError.self) { try result.get() }
            try await isStopped("cancel-test", client)
            let free = try await client.query("SELECT pg_try_advisory_xact_lock(4711)", deadline: soon)
            #expect(free.rows == [[.bool(true)]])
        }
    }

    @Test("Cancelled before its COMMIT is sent, a transaction leaves nothing open on its connection")
    func cancelBeforeCommit() async throws {
        try await Setting.shared({ $0.connections = 1 }) { client in
            _ = try await client.query("CREATE TABLE before_commit (n int)", deadline: soon)
            let task = Task {
                try await client.transaction(deadline: soon) { transaction in
                    _ = try await transaction.query("INSERT INTO before_commit VALUES (1)")
                    withUnsafeCurrentTask { unsafe $0?.cancel() }
                }
            }
            await #expect(throws: PostgresError.self) { try await task.value }
            // A transaction that has written has a number.
            let inTransaction = "SELECT pg_current_xact_id_if_assigned() IS NULL, count(*) FROM before_commit"
            for _ in 0..<2 {
                let rows = try await client.query(inTransaction, deadline: soon).rows
                #expect(rows == [[.bool(true), .int8(0)]])
            }
            _ = try await client.query("DROP TABLE before_commit", deadline: soon)
        }
    }

    @Test("A cancelled statement among others harms none of them")
    func cancelOne() async throws {
        try await Setting.shared({ $0.connections = 1 }) { client in
            let watcher = try Setting(try await PostgresServer.shared().url)
            let slow = Task { try await client.query("SELECT pg_sleep(10), 'cancel-one'", deadline: soon) }
            // Or the others would be done before it began.
            #expect(await eventually { (try? await running("cancel-one", watcher.client)) == 1 })
            let victim = Task { try await client.query("SELECT 1", deadline: soon) }
            let other = Task { try await client.query("SELECT 2", deadline: soon) }
            try await Task.sleep(for: .milliseconds(100))
            victim.cancel()
            await #expect(throws: PostgresError.self) { try await victim.value }
            #expect(try await other.value.rows == [[.int8(2)]])
            _ = try await slow.value
            #expect(await client.statistics().lost == 0)
            await watcher.client.close()
        }
    }

    private func running(_ mark: String, _ client: PostgresClient) async throws -> Int {
        let rows = try await client.query(
            "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE $1 AND pid <> pg_backend_pid()",
            [.text("%\(mark)%")],
            deadline: soon
        ).rows
        return rows.count
    }

    private func isStopped(_ mark: String, _ client: PostgresClient) async throws {
        #expect(try await eventually { try await running(mark, client) == 0 })
    }

    @Test("A backend killed: its callers are told, the next call works")
    func terminated() async throws {
        try await Setting.shared({ $0.connections = 1 }) { client in
            let other = try Setting(try await PostgresServer.shared().url)
            let pid = try await client.query("SELECT pg_backend_pid()", deadline: soon).rows[0][0]
            let slow = Task { try await client.query("SELECT pg_sleep(60), 'terminated'", deadline: soon) }
            #expect(await eventually { (try? await running("terminated", other.client)) == 1 })
            _ = try await other.client.query("SELECT pg_terminate_backend($1::int)", [pid], deadline: soon)
            let error = await failure { _ = try await slow.value }
            #expect(error?.requestWasWritten == true)
            #expect(error?.mayBeRepeated == false)
            #expect(try await client.query("SELECT 1", deadline: soon).rows == [[.int8(1)]])
            await other.client.close()
        }
    }

    @Test("A transaction whose connection is lost before its COMMIT is undone, and may be repeated")
    func lostTransaction() async throws {
        try await Setting.shared { client in
            _ = try await client.query("CREATE TABLE lost_transaction (a bigint)", deadline: soon)
            let transaction = try await client.begin(deadline: soon)
            let pid = try await transaction.query("SELECT pg_backend_pid()").rows[0][0]
            _ = try await transaction.query("INSERT INTO lost_transaction VALUES (1)")
            _ = try await client.query("SELECT pg_terminate_backend($1::int)", [pid], deadline: soon)
            // The server's farewell may arrive with the next statement or before it.
            #expect(
                await eventually {
                    do throws(PostgresError) {
                        _ = try await transaction.query("SELECT 1")
                        return false
                    } catch {
                        return error.mayBeRepeated || error.sqlState == "57P01"
                    }
                }
            )
            #expect(await failure { try await transaction.commit() } != nil)
            #expect(try await client.query("SELECT a FROM lost_transaction", deadline: soon).rows.isEmpty)
            _ = try await client.query("DROP TABLE lost_transaction", deadline: soon)
        }
    }

    @Test("A restart, and a crash of a backend: the client comes back by itself")
    func restart() async throws {
        let server = try await PostgresServer.start()
        let setting = try Setting(server.url)
        let client = setting.client
        _ = try await client.query("SELECT 1", deadline: soon)
        await server.stop()
        let start = ContinuousClock.now
        let error = await failure { _ = try await client.query("SELECT 1", deadline: .now + .milliseconds(500)) }
        #expect(error?.code == .connect || error?.code == .timeout || error?.code == .connectionLost)
        #expect(start.duration(to: .now) < .seconds(5))
        // When it has been away for longer than `patience` nobody waits any more.
        try await Task.sleep(for: .milliseconds(2200))
        let refused = ContinuousClock.now
        #expect(await failure { _ = try await client.query("SELECT 1", deadline: soon) }?.code == .connect)
        #expect(refused.duration(to: .now) < .seconds(5))
        try await server.restart()
        #expect(await eventually { (try? await client.query("SELECT 1", deadline: soon)) != nil })
        // kill -9 of a backend makes the postmaster restart all of them.
        let pid = try await client.query("SELECT pg_backend_pid()", deadline: soon).rows[0][0]
        guard case .int8(let number) = pid else { return #expect(Bool(false)) }
        _ = try await ChildProcess.run("kill", ["-9", "\(number)"])
        #expect(await eventually { (try? await client.query("SELECT 1", deadline: soon)) != nil })
        await client.close()
    }

    @Test("A frozen server costs each call its deadline, no more, and works again when it thaws")
    func frozen() async throws {
        let server = try await PostgresServer.start()
        let setting = try Setting(server.url) { $0.connectTimeout = .seconds(1) }
        let client = setting.client
        _ = try await client.query("SELECT 1", deadline: soon)
        try await server.pause()
        for _ in 0..<3 {
            let start = ContinuousClock.now
            #expect(
                await failure { _ = try await client.query("SELECT 1", deadline: .now + .milliseconds(400)) } != nil
            )
            #expect(start.duration(to: .now) < .seconds(5))
        }
        try await server.resume()
        #expect(await eventually { (try? await client.query("SELECT 1", deadline: soon)) != nil })
        await client.close()
    }

    @Test("Too many callers are refused at once, and a closed client says so")
    func bounds() async throws {
        try await Setting.shared({ configuration in
            configuration.connections = 1
            configuration.depth = 1
            configuration.waitingLimit = 1
        }) { client in
            _ = try await client.query("SELECT 1", deadline: soon)
            let slow = Task { try await client.query("SELECT pg_sleep(10)", deadline: soon) }
            #expect(await eventually { await client.statistics().inFlight == 1 })
            let waits = Task { try await client.query("SELECT 1", deadline: soon) }
            #expect(await eventually { await client.statistics().waiting == 1 })
            #expect(await failure { _ = try await client.query("SELECT 1", deadline: soon) }?.code == .overloaded)
            _ = try await slow.value
            _ = try await waits.value
            await client.close()
            #expect(await failure { _ = try await client.query("SELECT 1", deadline: soon) }?.code == .closed)
        }
    }
}
