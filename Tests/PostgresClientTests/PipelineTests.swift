import PostgresClient
import Testing

@Suite("Pipelines and transactions")
struct PipelineTests {
    private func table(_ client: PostgresClient, _ name: String) async throws {
        _ = try await client.query("DROP TABLE IF EXISTS \(name)", deadline: soon)
        _ = try await client.query("CREATE TABLE \(name) (a bigint PRIMARY KEY, b text)", deadline: soon)
    }

    private func count(_ client: PostgresClient, _ name: String) async throws -> PostgresValue? {
        try await client.query("SELECT count(*) FROM \(name)", deadline: soon).rows.first?.first
    }

    @Test("Thousands of callers share one connection, each gets its own answer, a failure undoes nobody else's")
    func pipeline() async throws {
        try await Setting.shared({ $0.connections = 1 }) { client in
            try await table(client, "pipeline")
            let failed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<2000 {
                    group.addTask {
                        // Every fourth takes the number of its neighbour.
                        let number = Int64(index % 4 == 3 ? index - 1 : index)
                        do throws(PostgresError) {
                            let rows = try await client.query(
                                "INSERT INTO pipeline VALUES ($1, $2) RETURNING a",
                                [.int8(number), .text("x")],
                                deadline: soon
                            ).rows
                            #expect(rows == [[.int8(number)]])
                            return false
                        } catch {
                            #expect(error.sqlState == "23505" && error.constraint == "pipeline_pkey")
                            return true
                        }
                    }
                }
                return try await group.reduce(into: 0) { if $1 { $0 += 1 } }
            }
            #expect(failed == 500)
            #expect(try await count(client, "pipeline") == .int8(1500))
            let statistics = await client.statistics()
            #expect(statistics.opened == 1 && statistics.lost == 0)
            #expect(statistics.inFlight == 0 && statistics.waiting == 0)
        }
    }

    @Test("Several statements in one piece: all or none")
    func atomic() async throws {
        try await Setting.shared { client in
            try await table(client, "atomic")
            let insert = PostgresStatement("INSERT INTO atomic VALUES ($1)", [.int8(1)])
            let other = PostgresStatement("INSERT INTO atomic VALUES ($1)", [.int8(2)])
            #expect(
                await failure { _ = try await client.run([other, insert, insert], deadline: soon) }?.sqlState == "23505"
            )
            #expect(try await count(client, "atomic") == .int8(0))
            let results = try await client.run([insert, other], deadline: soon)
            #expect(results.map(\.tag) == ["INSERT 0 1", "INSERT 0 1"])
            #expect(try await count(client, "atomic") == .int8(2))
        }
    }

    @Test("A transaction sees its own writes, others do not before the commit, a throw undoes it")
    func transaction() async throws {
        try await Setting.shared { client in
            try await table(client, "own")
            try await client.transaction(deadline: soon) { transaction in
                _ = try await transaction.query("INSERT INTO own VALUES ($1)", [.int8(1)])
                #expect(try await transaction.query("SELECT count(*) FROM own").rows == [[.int8(1)]])
                #expect(try await count(client, "own") == .int8(0))
            }
            #expect(try await count(client, "own") == .int8(1))
            struct Refused: Error {}
            await #expect(throws: Refused.self) {
                try await client.transaction(deadline: soon) { transaction in
                    _ = try await transaction.query("INSERT INTO own VALUES ($1)", [.int8(2)])
                    throw Refused()
                }
            }
            #expect(try await count(client, "own") == .int8(1))
        }
    }

    @Test("A failure that the body hides still undoes everything")
    func hidden() async throws {
        try await Setting.shared { client in
            try await table(client, "hidden")
            let error = await failure {
                try await client.transaction(deadline: soon) { transaction in
                    _ = try await transaction.query("INSERT INTO hidden VALUES ($1)", [.int8(1)])
                    _ = try? await transaction.query("INSERT INTO hidden VALUES ($1)", [.int8(1)])
                }
            }
            #expect(error?.sqlState == "23505")
            #expect(try await count(client, "hidden") == .int8(0))
            #expect(try await client.query("SELECT 1", deadline: soon).rows == [[.int8(1)]])
        }
    }

    @Test("More transactions than connections, single statements between them: all come through")
    func contention() async throws {
        try await Setting.shared({ $0.connections = 3 }) { client in
            try await table(client, "contention")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        try await client.transaction(deadline: soon) { transaction in
                            _ = try await transaction.query("INSERT INTO contention VALUES ($1)", [.int8(Int64(index))])
                            _ = try await transaction.query(
                                "UPDATE contention SET b = 'x' WHERE a = $1",
                                [.int8(Int64(index))]
                            )
                        }
                    }
                    group.addTask { _ = try await client.query("SELECT $1", [.int8(1)], deadline: soon) }
                }
                try await group.waitForAll()
            }
            #expect(try await count(client, "contention") == .int8(200))
            #expect(await client.statistics().connections <= 3)
        }
    }

    @Test("Of two that wait for each other one may be repeated")
    func deadlock() async throws {
        try await Setting.shared { client in
            try await table(client, "deadlock")
            _ = try await client.query("INSERT INTO deadlock VALUES (1), (2)", deadline: soon)
            let first = try await client.begin(deadline: soon)
            let second = try await client.begin(deadline: soon)
            let update = "UPDATE deadlock SET b = 'x' WHERE a = $1"
            _ = try await first.query(update, [.int8(1)])
            _ = try await second.query(update, [.int8(2)])
            async let one = failureOrNil { _ = try await first.query(update, [.int8(2)]) }
            async let two = failureOrNil { _ = try await second.query(update, [.int8(1)]) }
            let errors = [await one, await two].compactMap { $0 }
            #expect(errors.map(\.sqlState) == ["40P01"])
            #expect(errors.allSatisfy { $0.mayBeRepeated })
            await first.rollback()
            await second.rollback()
        }
    }

    private func failureOrNil(_ work: @Sendable () async throws -> Void) async -> PostgresError? {
        do {
            try await work()
            return nil
        } catch { return error as? PostgresError }
    }
}
