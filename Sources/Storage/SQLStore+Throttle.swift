public import Authentication

extension SQLStore: ThrottleStore {
    /// Makes the row when there is none, and locks it until the end of the transaction where several may write.
    private static let lockCount = """
        INSERT INTO throttle_count (id, failures, waits, wait_until, changed_at, ends_at) VALUES ($1, $2, 0, 0, 0, 0)
        ON CONFLICT (id) DO UPDATE SET waits = throttle_count.waits
        RETURNING failures, waits, wait_until, changed_at
        """

    private static let writeCount = """
        UPDATE throttle_count SET failures = $2, waits = $3, wait_until = $4, changed_at = $5, ends_at = $6 WHERE id = $1
        """

    private static let selectCounts = """
        SELECT failures, waits, wait_until, changed_at, id FROM throttle_count
        WHERE changed_at > $1 ORDER BY changed_at DESC LIMIT $2
        """

    private static let writeKnown = """
        INSERT INTO throttle_known (name_key, person_key, seen_at) VALUES ($1, $2, $3)
        ON CONFLICT (name_key, person_key) DO UPDATE SET seen_at = excluded.seen_at
        WHERE throttle_known.seen_at < excluded.seen_at
        """

    private static let selectKnown = """
        SELECT name_key, person_key, seen_at FROM throttle_known WHERE seen_at > $1 ORDER BY seen_at DESC LIMIT $2
        """

    /// Those older than the one at place `$1`, counted from the newest, go; with fewer rows the comparison is with NULL, and
    /// none does.
    private static func deleteBeyond(_ table: String, _ column: String) -> String {
        """
        DELETE FROM \(table) WHERE \(column) < (
            SELECT \(column) FROM \(table) ORDER BY \(column) DESC LIMIT 1 OFFSET $1
        )
        """
    }

    /// True with PostgreSQL.
    public var hasOtherNodes: Bool { database.isShared }

    /// Changes counts in one transaction; keys are locked in their own order, so that nobody waits in a circle.
    public func updateThrottle(
        _ keys: [ThrottleKey],
        _ change: @escaping @Sendable (ThrottleKey, inout ThrottleCount) -> Void,
        end: @escaping @Sendable (ThrottleKey, ThrottleCount) -> Timestamp
    ) async throws(StoreError) -> [ThrottleKey: ThrottleCount] {
        let keys = Set(keys).sorted()
        return try await database.transaction { (sql) async throws(StoreError) in
            var counts: [ThrottleKey: ThrottleCount] = [:]
            for key in keys {
                let rows = try await sql.query(Self.lockCount, [.bytes(key.octets), .bytes([])])
                var count = try rows.first.map(Self.count) ?? ThrottleCount()
                change(key, &count)
                _ = try await sql.query(
                    Self.writeCount,
                    [
                        .bytes(key.octets), .bytes(Self.octets(count.failures)), .integer(count.waits),
                        .integer(count.until.milliseconds), .integer(count.changedAt.milliseconds),
                        .integer(end(key, count).milliseconds),
                    ]
                )
                counts[key] = count
            }
            return counts
        }
    }

    /// What changed after `moment`, the newest `limit` of each kind. Two reads.
    public func throttleRecords(after moment: Timestamp, limit: Int) async throws(StoreError) -> ThrottleRecords {
        let values: [SQLValue] = [.integer(moment.milliseconds), .integer(limit)]
        var records = ThrottleRecords()
        // From the beginning it may be much, and nobody waits.
        let database = moment.milliseconds == 0 ? self.database.unhurried : self.database
        for row in try await database.query(Self.selectCounts, values) {
            records.counts.append((try Self.key(row, 4), try Self.count(row)))
        }
        for row in try await database.query(Self.selectKnown, values) {
            records.known.append(
                KnownAddress(
                    name: try Self.key(row, 0),
                    person: try Self.key(row, 1),
                    at: Timestamp(milliseconds: try row.integer(2))
                )
            )
        }
        return records
    }

    /// Keeps successes in one transaction.
    public func keep(_ known: [KnownAddress]) async throws(StoreError) {
        // In one order on all nodes, as above.
        let rows = known.sorted { ($0.name, $0.person) < ($1.name, $1.person) }
        try await database.transaction { (sql) async throws(StoreError) in
            for row in rows {
                _ = try await sql.query(
                    Self.writeKnown,
                    [.bytes(row.name.octets), .bytes(row.person.octets), .integer(row.at.milliseconds)]
                )
            }
        }
    }

    /// Removes what counts no more, and the oldest beyond `limit` of each kind.
    public func purgeThrottle(ended: Timestamp, known: Timestamp, limit: Int) async throws(StoreError) {
        let statements: [(String, Int64)] = [
            ("DELETE FROM throttle_count WHERE ends_at < $1", ended.milliseconds),
            ("DELETE FROM throttle_known WHERE seen_at < $1", known.milliseconds),
            (Self.deleteBeyond("throttle_count", "changed_at"), Int64(max(1, limit) - 1)),
            (Self.deleteBeyond("throttle_known", "seen_at"), Int64(max(1, limit) - 1)),
        ]
        for (statement, value) in statements { _ = try await database.unhurried.write(statement, [.integer(value)]) }
    }

    private static func count(_ row: SQLRow) throws(StoreError) -> ThrottleCount {
        ThrottleCount(
            failures: moments(try row.bytes(0)),
            waits: Int32(clamping: try row.integer(1)),
            until: Timestamp(milliseconds: try row.integer(2)),
            changedAt: Timestamp(milliseconds: try row.integer(3))
        )
    }

    private static func key(_ row: SQLRow, _ column: Int) throws(StoreError) -> ThrottleKey {
        guard let key = ThrottleKey(try row.bytes(column)) else {
            throw StoreError(.unusable, "the database holds a count this program cannot read: restore a backup")
        }
        return key
    }

    private static func octets(_ moments: [Timestamp]) -> [UInt8] {
        moments.flatMap { moment in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: moment.milliseconds >> $0) }
        }
    }

    private static func moments(_ octets: [UInt8]) -> [Timestamp] {
        stride(from: 0, to: octets.count - octets.count % 8, by: 8).map { start in
            Timestamp(milliseconds: octets[start..<start + 8].reduce(0) { $0 << 8 | Int64($1) })
        }
    }
}
