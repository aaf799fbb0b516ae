public import Authentication

extension SQLStore {
    private static let countPiece = """
        SELECT COUNT(*), COUNT(*) FILTER (WHERE hard_end > $1 AND idle_end > $1 AND ended_at IS NULL), MAX(number)
        FROM (SELECT number, hard_end, idle_end, ended_at FROM session WHERE number > $2 ORDER BY number LIMIT $3) AS piece
        """

    /// How many sessions could be refreshed or used at `now`.
    ///
    /// Reads every session that is kept, piece by piece while others open and end, so not to be asked often: ten million
    /// take many seconds.
    public func openSessions(at now: Timestamp) async throws(StoreError) -> Int64 {
        // A few milliseconds, in which nobody else's read waits for long.
        try await openSessions(at: now, piece: 10_000)
    }

    /// - Parameter piece: so many are looked at in one statement.
    func openSessions(at now: Timestamp, piece: Int64) async throws(StoreError) -> Int64 {
        var (open, last): (Int64, Int64) = (0, 0)
        while true {
            let rows = try await database.unhurried.query(
                Self.countPiece,
                [.integer(now.milliseconds), .integer(last), .integer(piece)]
            )
            guard let row = rows.first else { return open }
            open += try row.integer(1)
            guard try row.integer(0) == piece, let number = try row.optionalInteger(2) else { return open }
            last = number
        }
    }
}
