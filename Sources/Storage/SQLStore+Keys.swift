public import Authentication
public import Tokens

extension SQLStore: KeyStore {
    private static let selectKeys = """
        SELECT id, purpose, algorithm, phase, wrapped, created_at, activated_at, retire_at, token_lifetime
        FROM token_key ORDER BY created_at, id
        """

    private static let upsertKey = """
        INSERT INTO token_key
            (id, purpose, algorithm, phase, wrapped, created_at, activated_at, retire_at, token_lifetime)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (id) DO UPDATE SET
            purpose = excluded.purpose, algorithm = excluded.algorithm, phase = excluded.phase,
            wrapped = excluded.wrapped, created_at = excluded.created_at, activated_at = excluded.activated_at,
            retire_at = excluded.retire_at, token_lifetime = excluded.token_lifetime
        """

    private static let selectCheck = "SELECT value FROM setting WHERE name = 'master_key_check'"

    /// All keys, oldest first. One read.
    public func keys() async throws(StoreError) -> [StoredKey] {
        try Self.keys(await database.query(Self.selectKeys, []))
    }

    /// Inserts, updates and removes keys if those kept, and the master key, are the ones expected.
    public func replaceKeys(
        expected: [StoredKey],
        with keys: [StoredKey],
        removed: [String],
        masterKey: [UInt8]
    ) async throws(StoreError) -> KeySwap {
        let expected = Set(expected.map(KeyState.init))
        return try await database.transaction { (sql) async throws(StoreError) in
            // Raised first: its row lock lets nobody else compare the keys meanwhile.
            let change = try await Numbering.nextChange(sql)
            if let check = try await Self.check(sql), check != masterKey { return .masterKeyDiffers }
            let present = try Self.keys(await sql.query(Self.selectKeys, []))
            guard Set(present.map(KeyState.init)) == expected else { return .keysDiffer }
            for key in keys { _ = try await sql.query(Self.upsertKey, Self.values(key)) }
            for id in removed { _ = try await sql.query("DELETE FROM token_key WHERE id = $1", [.text(id)]) }
            try await Self.noteKeys(change, sql)
            return .done
        }
    }

    /// Replaces the wrapped halves of all keys and the check value of the master key, if those kept are the ones expected.
    public func rewrapKeys(
        _ keys: [StoredKey],
        from old: [UInt8],
        to new: [UInt8]
    ) async throws(StoreError) -> KeySwap {
        try await database.transaction { (sql) async throws(StoreError) in
            let change = try await Numbering.nextChange(sql)
            guard try await Self.check(sql) == old else { return .masterKeyDiffers }
            let present = try Self.keys(await sql.query(Self.selectKeys, []))
            guard Set(present.map(\.id)) == Set(keys.map(\.id)) else { return .keysDiffer }
            for key in keys {
                _ = try await sql.query(
                    "UPDATE token_key SET wrapped = $2 WHERE id = $1",
                    [.text(key.id), .bytes(key.wrapped)]
                )
            }
            _ = try await sql.query("UPDATE setting SET value = $1 WHERE name = 'master_key_check'", [.bytes(new)])
            try await Self.noteKeys(change, sql)
            return .done
        }
    }

    private static func noteKeys(_ change: Int64, _ sql: any SQLTransaction) async throws(StoreError) {
        _ = try await sql.query("UPDATE counter SET value = $1 WHERE name = 'keys'", [.integer(change)])
    }

    private static func check(_ sql: any SQLTransaction) async throws(StoreError) -> [UInt8]? {
        try await sql.query(selectCheck, []).first?.bytes(0)
    }

    /// The check value of the master key, stored by the first caller: returns what is stored after the call.
    public func masterKeyCheck(orStore value: [UInt8]) async throws(StoreError) -> [UInt8] {
        try await database.transaction { (sql) async throws(StoreError) in
            _ = try await sql.query(
                "INSERT INTO setting (name, value) VALUES ('master_key_check', $1) ON CONFLICT (name) DO NOTHING",
                [.bytes(value)]
            )
            guard let check = try await Self.check(sql) else {
                throw StoreError(.unusable, "the database did not keep the check value of the master key")
            }
            return check
        }
    }

    /// The check value of the master key; nil while there is none. One read.
    public func masterKeyCheck() async throws(StoreError) -> [UInt8]? {
        try await database.query(Self.selectCheck, []).first?.bytes(0)
    }

    private struct KeyState: Hashable {
        let id: String
        let phase: StoredKey.Phase
        let tokenLifetime: Int64

        init(_ key: StoredKey) {
            id = key.id
            phase = key.phase
            tokenLifetime = key.tokenLifetime.wholeMilliseconds
        }
    }

    private static func values(_ key: StoredKey) -> [SQLValue] {
        [
            .text(key.id), .text(key.use.rawValue), .text(key.algorithm), .text(key.phase.rawValue),
            .bytes(key.wrapped), .integer(key.createdAt.milliseconds),
            key.activatedAt.map { .integer($0.milliseconds) } ?? .null,
            key.retireAt.map { .integer($0.milliseconds) } ?? .null, .integer(key.tokenLifetime.wholeMilliseconds),
        ]
    }

    private static func keys(_ rows: [SQLRow]) throws(StoreError) -> [StoredKey] {
        var keys: [StoredKey] = []
        for row in rows {
            guard let use = StoredKey.Use(rawValue: try row.text(1)),
                let phase = StoredKey.Phase(rawValue: try row.text(3))
            else {
                throw StoreError(.unusable, "the database holds a key this program cannot read: install a newer one")
            }
            keys.append(
                StoredKey(
                    id: try row.text(0),
                    use: use,
                    algorithm: try row.text(2),
                    phase: phase,
                    wrapped: try row.bytes(4),
                    createdAt: Timestamp(milliseconds: try row.integer(5)),
                    activatedAt: try row.optionalInteger(6).map(Timestamp.init(milliseconds:)),
                    retireAt: try row.optionalInteger(7).map(Timestamp.init(milliseconds:)),
                    tokenLifetime: .milliseconds(try row.integer(8))
                )
            )
        }
        return keys
    }
}
