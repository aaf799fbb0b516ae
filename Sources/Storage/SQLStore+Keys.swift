public import Authentication
public import Tokens

extension SQLStore: KeyStore {
    private static let selectKeys = """
        SELECT id, purpose, algorithm, phase, wrapped, created_at, activated_at, retire_at
        FROM token_key ORDER BY created_at, id
        """

    private static let upsertKey = """
        INSERT INTO token_key (id, purpose, algorithm, phase, wrapped, created_at, activated_at, retire_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (id) DO UPDATE SET
            purpose = excluded.purpose, algorithm = excluded.algorithm, phase = excluded.phase,
            wrapped = excluded.wrapped, created_at = excluded.created_at, activated_at = excluded.activated_at,
            retire_at = excluded.retire_at
        """

    /// All keys, oldest first. One read.
    public func keys() async throws(StoreError) -> [StoredKey] {
        try Self.keys(await database.query(Self.selectKeys, []))
    }

    /// Inserts, updates and removes keys if those kept are the ones expected; else changes nothing and returns false.
    public func replaceKeys(
        expected: [StoredKey],
        with keys: [StoredKey],
        removed: [String]
    ) async throws(StoreError) -> Bool {
        let expected = Set(expected.map { KeyState(id: $0.id, phase: $0.phase) })
        return try await database.transaction { (sql) async throws(StoreError) in
            // Raised first: its row lock lets nobody else compare the keys meanwhile.
            let change = try await Numbering.nextChange(sql)
            let present = try Self.keys(await sql.query(Self.selectKeys, []))
            guard Set(present.map { KeyState(id: $0.id, phase: $0.phase) }) == expected else { return false }
            for key in keys { _ = try await sql.query(Self.upsertKey, Self.values(key)) }
            for id in removed { _ = try await sql.query("DELETE FROM token_key WHERE id = $1", [.text(id)]) }
            _ = try await sql.query("UPDATE counter SET value = $1 WHERE name = 'keys'", [.integer(change)])
            return true
        }
    }

    /// The check value of the master key, stored by the first caller: returns what is stored after the call.
    public func masterKeyCheck(orStore value: [UInt8]) async throws(StoreError) -> [UInt8] {
        try await database.transaction { (sql) async throws(StoreError) in
            _ = try await sql.query(
                "INSERT INTO setting (name, value) VALUES ('master_key_check', $1) ON CONFLICT (name) DO NOTHING",
                [.bytes(value)]
            )
            let rows = try await sql.query("SELECT value FROM setting WHERE name = 'master_key_check'", [])
            guard let row = rows.first else {
                throw StoreError(.unusable, "the database did not keep the check value of the master key")
            }
            return try row.bytes(0)
        }
    }

    private struct KeyState: Hashable {
        let id: String
        let phase: StoredKey.Phase
    }

    private static func values(_ key: StoredKey) -> [SQLValue] {
        [
            .text(key.id), .text(key.use.rawValue), .text(key.algorithm), .text(key.phase.rawValue),
            .bytes(key.wrapped), .integer(key.createdAt.milliseconds),
            key.activatedAt.map { .integer($0.milliseconds) } ?? .null,
            key.retireAt.map { .integer($0.milliseconds) } ?? .null,
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
                    retireAt: try row.optionalInteger(7).map(Timestamp.init(milliseconds:))
                )
            )
        }
        return keys
    }
}
