public import Authentication

extension SQLStore {
    /// How many sessions could be refreshed or used at `now`; reads every session that is kept, so not to be asked often.
    public func openSessions(at now: Timestamp) async throws(StoreError) -> Int64 {
        let rows = try await database.unhurried.query(
            "SELECT COUNT(*) FROM session WHERE hard_end > $1 AND idle_end > $1 AND ended_at IS NULL",
            [.integer(now.milliseconds)]
        )
        return try rows.first?.integer(0) ?? 0
    }
}
