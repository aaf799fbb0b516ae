public import Authentication

extension SQLStore: ThrottleStore {
    /// So many rows go in one statement; SQLite and PostgreSQL would take many more.
    private static let rowsAtOnce = 16

    /// Makes rows where there are none, and locks them until the end of the transaction where several may write.
    private static let lockCounts = statements(values: 2, constants: ", 0, 0, 0, 0") { values in
        """
        INSERT INTO throttle_count (id, failures, waits, wait_until, changed_at, ends_at) VALUES \(values)
        ON CONFLICT (id) DO UPDATE SET waits = throttle_count.waits
        RETURNING failures, waits, wait_until, changed_at, id
        """
    }

    private static let writeCounts = statements(values: 6) { values in
        """
        INSERT INTO throttle_count (id, failures, waits, wait_until, changed_at, ends_at) VALUES \(values)
        ON CONFLICT (id) DO UPDATE SET failures = excluded.failures, waits = excluded.waits,
            wait_until = excluded.wait_until, changed_at = excluded.changed_at, ends_at = excluded.ends_at
        """
    }

    private static let selectCounts = """
        SELECT failures, waits, wait_until, changed_at, id FROM throttle_count
        WHERE changed_at > $1 ORDER BY changed_at DESC LIMIT $2
        """

    private static let writeKnown = statements(values: 3) { values in
        """
        INSERT INTO throttle_known (name_key, person_key, seen_at) VALUES \(values)
        ON CONFLICT (name_key, person_key) DO UPDATE SET seen_at = excluded.seen_at
        WHERE throttle_known.seen_at < excluded.seen_at
        """
    }

    private static let selectKnown = """
        SELECT name_key, person_key, seen_at FROM throttle_known
        WHERE seen_at > $1 AND seen_at <= $2 ORDER BY seen_at DESC LIMIT $3
        """

    /// The same statement for 1 … `rowsAtOnce` rows of so many values, with what is alike in all rows behind them.
    private static func statements(
        values: Int,
        constants: String = "",
        _ statement: (String) -> String
    ) -> [String] {
        (1...rowsAtOnce).map { count in
            let rows = (0..<count).map { row in
                "(" + (1...values).map { "$\(row * values + $0)" }.joined(separator: ", ") + constants + ")"
            }
            return statement(rows.joined(separator: ", "))
        }
    }

    private static func run<Row>(
        _ statements: [String],
        for rows: [Row],
        _ sql: any SQLTransaction,
        _ values: (Row) -> [SQLValue]
    ) async throws(StoreError) -> [SQLRow] {
        var answers: [SQLRow] = []
        var start = 0
        while start < rows.count {
            let part = rows[start..<min(start + rowsAtOnce, rows.count)]
            answers += try await sql.query(statements[part.count - 1], part.flatMap(values))
            start = part.endIndex
        }
        return answers
    }

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
            let locked = try await Self.run(Self.lockCounts, for: keys, sql) { [.bytes($0.octets), .bytes([])] }
            var counts: [ThrottleKey: ThrottleCount] = [:]
            for row in locked { counts[try Self.key(row, 4)] = try Self.count(row) }
            for key in keys { change(key, &counts[key, default: ThrottleCount()]) }
            let changed = counts
            _ = try await Self.run(Self.writeCounts, for: keys, sql) { key in
                let count = changed[key] ?? ThrottleCount()
                return [
                    .bytes(key.octets), .bytes(Self.octets(count.failures)), .integer(count.waits),
                    .integer(count.until.milliseconds), .integer(count.changedAt.milliseconds),
                    .integer(end(key, count).milliseconds),
                ]
            }
            return changed
        }
    }

    /// Counts that changed after `moment`, the newest `limit`. One read.
    public func throttleCounts(
        after moment: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [(key: ThrottleKey, count: ThrottleCount)] {
        // From the beginning it may be much, and nobody waits.
        let database = moment.milliseconds == 0 ? self.database.unhurried : self.database
        var counts: [(key: ThrottleKey, count: ThrottleCount)] = []
        for row in try await database.query(Self.selectCounts, [.integer(moment.milliseconds), .integer(limit)]) {
            counts.append((try Self.key(row, 4), try Self.count(row)))
        }
        return counts
    }

    /// Successes after `moment`, the newest `limit`, in pages: what reads them serves logins too.
    public func knownAddresses(after moment: Timestamp, limit: Int) async throws(StoreError) -> [KnownAddress] {
        let database = moment.milliseconds == 0 ? self.database.unhurried : self.database
        var known: [KnownAddress] = []
        var latest = Int64.max
        while known.count < limit {
            let size = min(Self.pageOfKnown, limit - known.count)
            let values: [SQLValue] = [.integer(moment.milliseconds), .integer(latest), .integer(size)]
            let rows = try await database.query(Self.selectKnown, values)
            for row in rows {
                known.append(
                    KnownAddress(
                        name: try Self.key(row, 0),
                        person: try Self.key(row, 1),
                        at: Timestamp(milliseconds: try row.integer(2))
                    )
                )
            }
            guard rows.count == size, let last = known.last?.at.milliseconds else { break }
            // Of one moment more than a page would be read again and again.
            latest = last < latest ? last : last - 1
        }
        // The last moment of a page is the first of the next, with the same rows.
        return known.count > Self.pageOfKnown ? Array(Self.newest(of: known).prefix(limit)) : known
    }

    private static let pageOfKnown = 1000

    /// Keeps successes in one transaction.
    public func keep(_ known: [KnownAddress]) async throws(StoreError) {
        // In one order on all nodes, as above; a statement takes each row once.
        let rows = Self.newest(of: known).sorted { ($0.name, $0.person) < ($1.name, $1.person) }
        try await database.transaction { (sql) async throws(StoreError) in
            _ = try await Self.run(Self.writeKnown, for: rows, sql) { row in
                [.bytes(row.name.octets), .bytes(row.person.octets), .integer(row.at.milliseconds)]
            }
        }
    }

    /// One of each name and person, the newest first.
    private static func newest(of known: [KnownAddress]) -> [KnownAddress] {
        var seen: Set<[ThrottleKey]> = []
        return known.sorted { $0.at > $1.at }.filter { seen.insert([$0.name, $0.person]).inserted }
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
