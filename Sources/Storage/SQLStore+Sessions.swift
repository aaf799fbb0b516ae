public import Authentication
public import FoundationEssentials
public import Tokens

extension SQLStore: SessionStore {
    private static let selectSession = "SELECT \(SessionRow.columns) FROM session WHERE id = $1"

    /// `Session.isLive(at:)`; `$1` is the id and `$2` now, here and below.
    static let isLive = """
        ended_at IS NULL AND idle_end > $2 AND hard_end > $2 \
        AND created_at <= $2 + \(Session.clockLeeway.wholeMilliseconds)
        """

    private static let rotateOnly = rotate("")

    private static let rotateWithProfile = rotate(", " + SessionRow.assignProfile(from: 5))

    private static func rotate(_ further: String) -> String {
        """
        UPDATE session
        SET generation = generation + 1, rotated_at = $2, idle_end = COALESCE($4, idle_end)\(further)
        WHERE id = $1 AND generation = $3 AND generation < 2147483647 AND \(isLive)
        RETURNING \(SessionRow.columns)
        """
    }

    private static let reauthenticate = """
        UPDATE session SET authenticated_at = $2, \(SessionRow.assignProfile(from: 3))
        WHERE id = $1 AND \(isLive)
        RETURNING \(SessionRow.columns)
        """

    private static let selectNewest = """
        SELECT \(SessionRow.columns) FROM session
        WHERE source = $1 AND \(isLive) AND stable_id = $3 AND client = $4 AND kind = $5
        ORDER BY created_at DESC, number DESC LIMIT 1
        """

    /// The session, ended ones included while they are kept; nil when unknown. One read.
    public func session(_ id: UUID) async throws(StoreError) -> Session? {
        try await session(in: database.query(Self.selectSession, [.text(SessionRow.id(id))]))
    }

    /// Rotates in one statement if the row is live and has that generation; nil, and nothing changed, otherwise.
    public func rotate(_ rotation: Rotation) async throws(StoreError) -> Session? {
        let values: [SQLValue] =
            [
                .text(SessionRow.id(rotation.session)), .integer(rotation.now.milliseconds),
                .integer(rotation.generation), rotation.idleEnd.map { .integer($0.milliseconds) } ?? .null,
            ] + (rotation.identity.map(SessionRow.profile) ?? [])
        let statement = rotation.identity == nil ? Self.rotateOnly : Self.rotateWithProfile
        return try await session(in: written(statement, values))
    }

    /// The newest live session of that person, client and kind, or nil. One read.
    public func newestSession(
        of key: IdentityKey,
        client: String,
        kind: Session.Kind,
        now: Timestamp
    ) async throws(StoreError) -> Session? {
        let values: [SQLValue] = [
            .integer(key.source.rawValue), .integer(now.milliseconds), .text(key.stableID), .text(client),
            .text(kind.rawValue),
        ]
        return try await session(in: database.query(Self.selectNewest, values))
    }

    /// Sets `auth_time` of a live session to `now` and stores the identity as it is now; nil when it is not live.
    public func reauthenticate(_ id: UUID, identity: Identity, now: Timestamp) async throws(StoreError) -> Session? {
        let values: [SQLValue] = [.text(SessionRow.id(id)), .integer(now.milliseconds)]
        return try await session(in: written(Self.reauthenticate, values + SessionRow.profile(identity)))
    }

    /// Ends sessions and returns how many of them were live; the verifiers hear of it through `changes(after:now:)`.
    public func end(_ selection: SessionSelection, now: Timestamp) async throws(StoreError) -> Int {
        try await database.transaction { (sql) async throws(StoreError) in
            try await Self.end(selection, now: now, sql)
        }
    }

    /// Ends also those whose idle end has passed: until the hard end an access token of theirs may still be alive.
    static func end(
        _ selection: SessionSelection,
        now: Timestamp,
        _ sql: any SQLTransaction
    ) async throws(StoreError) -> Int {
        let (condition, values): (String, [SQLValue]) =
            switch selection {
            case .session(let id): ("id = $3", [.text(SessionRow.id(id))])
            case .identity(let key):
                ("source = $3 AND stable_id = $4", [.integer(key.source.rawValue), .text(key.stableID)])
            case .opened(let key, let moment, let own):
                (
                    """
                    source = $3 AND stable_id = $4 AND id <> $5
                    AND (created_at <= $6 OR created_at > $1 + \(Session.clockLeeway.wholeMilliseconds))
                    """,
                    [
                        .integer(key.source.rawValue), .text(key.stableID), .text(own.map(SessionRow.id) ?? ""),
                        .integer(moment?.milliseconds ?? .max),
                    ]
                )
            }
        // Raised before the rows are marked: under its lock nobody else can publish a higher number first.
        let change = try await Numbering.nextChange(sql)
        // Also who has no session may be remembered somewhere.
        switch selection {
        case .session: break
        case .identity(let key), .opened(let key, _, _): try await noteChange(of: key, now: now, sql)
        }
        let rows = try await sql.query(
            """
            UPDATE session SET ended_at = $1, ended_change = $2
            WHERE \(condition) AND ended_at IS NULL AND hard_end > $1
            RETURNING idle_end
            """,
            [.integer(now.milliseconds), .integer(change)] + values
        )
        var live = 0
        for row in rows where try row.integer(0) > now.milliseconds { live += 1 }
        return live
    }

    /// Removes at most `limit` sessions whose hard end lies before `before`, and returns how many.
    ///
    /// Until then an expired session can say so, and an ended one can be told to the verifiers.
    public func purge(before: Timestamp, limit: Int) async throws(StoreError) -> Int {
        try await timedPurge(before: before, limit: limit).count
    }

    /// The same, and for how long it had the writer to itself; the wait for its turn and for the disk is everybody's.
    func timedPurge(before: Timestamp, limit: Int) async throws(StoreError) -> (count: Int, took: Duration) {
        try await database.unhurried.transaction { (sql) async throws(StoreError) in
            let start = ContinuousClock.now
            let rows = try await sql.query(
                """
                DELETE FROM session WHERE number IN (
                    SELECT number FROM session WHERE hard_end < $1 ORDER BY hard_end LIMIT $2
                )
                RETURNING number
                """,
                [.integer(before.milliseconds), .integer(limit)]
            )
            var lowest: Int32?
            for row in rows {
                let number = try row.int32(0)
                lowest = min(lowest ?? number, number)
            }
            if let lowest { try await Numbering.freeSession(lowest, sql) }
            return (rows.count, start.duration(to: .now))
        }
    }

    private func written(_ statement: String, _ values: [SQLValue]) async throws(StoreError) -> [SQLRow] {
        try await database.write(statement, values)
    }

    private func session(in rows: [SQLRow]) throws(StoreError) -> Session? {
        guard let row = rows.first else { return nil }
        return try SessionRow.session(row)
    }
}
