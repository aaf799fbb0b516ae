import PostgresClient
import Testing

@Suite("Statements")
struct StatementTests {
    static let values: [(String, PostgresValue)] = [
        ("boolean", .bool(true)), ("boolean", .bool(false)), ("integer", .int4(-7)), ("bigint", .int8(.max)),
        ("bigint", .int8(.min)), ("text", .text("Ü \"quoted\"\n")), ("text", .text("")),
        ("bytea", .bytes([0, 255, 92, 39])),
        ("bytea", .bytes([])), ("text", .null), ("bytea", .null), ("bigint", .null),
    ]

    @Test("Values come back as they went", arguments: values)
    func roundTrip(_ type: String, _ value: PostgresValue) async throws {
        try await Setting.shared { client in
            let result = try await client.query("SELECT $1::\(type)", [value], deadline: soon)
            let expected = if case .int4(let number) = value { PostgresValue.int8(Int64(number)) } else { value }
            #expect(result.rows == [[expected]])
        }
    }

    @Test("Other types are read as text, many rows and large values whole")
    func results() async throws {
        try await Setting.shared { client in
            let mixed = try await client.query("SELECT 1.50::numeric, '{a,b}'::text[], 3::smallint", deadline: soon)
            #expect(mixed.rows == [[.text("1.50"), .text("{a,b}"), .int8(3)]])
            let many = try await client.query("SELECT generate_series(1, $1)", [.int8(20_000)], deadline: soon)
            #expect(many.rows.count == 20_000 && many.rows.last == [.int8(20_000)])
            let large = [UInt8](repeating: 7, count: 3_000_000)
            #expect(try await client.query("SELECT $1", [.bytes(large)], deadline: soon).rows == [[.bytes(large)]])
        }
    }

    @Test("A null, then a value at the same place, then a null again")
    func nulls() async throws {
        try await Setting.shared { client in
            let sql = "SELECT COALESCE($1, 5::bigint), $2::text IS NULL"
            for (number, text) in [(nil, nil), (3 as Int64, "x"), (nil, "y"), (4, nil), (nil, nil)]
                as [(Int64?, String?)]
            {
                let values: [PostgresValue] = [number.map { .int8($0) } ?? .null, text.map { .text($0) } ?? .null]
                let rows = try await client.query(sql, values, deadline: soon).rows
                #expect(rows == [[.int8(number ?? 5), .bool(text == nil)]])
            }
        }
    }

    @Test("More statements than are kept prepared")
    func eviction() async throws {
        try await Setting.shared({ $0.connections = 1 }) { client in
            for round in 0..<2 {
                for index in 0..<300 {
                    let rows = try await client.query("SELECT $1 + \(index)", [.int8(1)], deadline: soon).rows
                    #expect(rows == [[.int8(Int64(index + 1))]], "round \(round)")
                }
            }
            let kept = try await client.query("SELECT count(*) FROM pg_prepared_statements", deadline: soon)
            guard case .int8(let count) = kept.rows[0][0] else { return #expect(Bool(false)) }
            #expect(count <= 256)
        }
    }

    @Test(
        "Errors name the cause and no value",
        arguments: [
            ("SELECT no_such_column", [], "42703"), ("NO SQL", [], "42601"), ("SELECT $1", [], "08P01"),
            ("SELECT $1::bigint / 0", [.int8(77)], "22012"), ("SELECT $1::text::bigint", [.text("SECRET")], "22P02"),
            ("SELECT $1::no_such_type", [.text("SECRET")], "42704"),
        ] as [(String, [PostgresValue], String)]
    )
    func errors(_ sql: String, _ values: [PostgresValue], _ state: String) async throws {
        try await Setting.shared { client in
            let error = await failure { _ = try await client.query(sql, values, deadline: soon) }
            #expect(error?.code == .server)
            #expect(error?.sqlState == state)
            #expect(error?.message.contains("SECRET") == false)
            let rows = try await client.query("SELECT 1", deadline: soon).rows
            #expect(rows == [[.int8(1)]])
        }
    }

    @Test("A text with NUL is refused before it is sent")
    func nul() async throws {
        try await Setting.shared { client in
            let error = await failure { _ = try await client.query("SELECT $1", [.text("a\0b")], deadline: soon) }
            #expect(error?.code == .invalidArgument)
        }
    }

    @Test("A changed table does not leave a connection with stale statements")
    func stalePlan() async throws {
        try await Setting.shared({ $0.connections = 1 }) { client in
            _ = try await client.query("CREATE TABLE stale (a bigint)", deadline: soon)
            _ = try await client.query("SELECT * FROM stale WHERE a > $1", [.int8(0)], deadline: soon)
            _ = try await client.query("ALTER TABLE stale ADD COLUMN b text", deadline: soon)
            let error = await failure {
                _ = try await client.query("SELECT * FROM stale WHERE a > $1", [.int8(0)], deadline: soon)
            }
            #expect(error?.mayBeRepeated == true)
            let rows = try await client.query("SELECT * FROM stale WHERE a > $1", [.int8(0)], deadline: soon).rows
            #expect(rows.isEmpty)
            _ = try await client.query("DROP TABLE stale", deadline: soon)
        }
    }
}
