public import Authentication
public import Tokens

extension SQLStore: PeopleStore {
    private static let selectByNumber = "SELECT \(SessionRow.columns) FROM session WHERE number = $1"

    private static let selectLive = """
        SELECT \(SessionRow.columns) FROM session
        WHERE source = $1 AND stable_id = $2 AND ended_at IS NULL AND idle_end > $3 AND hard_end > $3
        ORDER BY created_at DESC, number DESC LIMIT $4
        """

    /// The live sessions of a person, newest first, at most `limit`. One read.
    public func sessions(of key: IdentityKey, now: Timestamp, limit: Int) async throws(StoreError) -> [Session] {
        let values: [SQLValue] = [
            .integer(key.source.rawValue), .text(key.stableID), .integer(now.milliseconds), .integer(limit),
        ]
        var sessions: [Session] = []
        for row in try await database.query(Self.selectLive, values) { sessions.append(try SessionRow.session(row)) }
        return sessions
    }

    /// The session with that `DTTSessionId`, ended ones included while they are kept; nil when unknown. One read.
    public func session(number: Int32) async throws(StoreError) -> Session? {
        guard let row = try await database.query(Self.selectByNumber, [.integer(number)]).first else { return nil }
        return try SessionRow.session(row)
    }
}
