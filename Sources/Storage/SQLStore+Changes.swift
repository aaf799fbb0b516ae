public import Authentication
import FoundationEssentials
import Synchronization
public import Tokens

extension SQLStore: ChangeStore {
    /// So long what the log looks like is believed: a disk may take even longer than a stamp allows for.
    private static let belief = Duration.seconds(30)

    private static let selectNumber = "SELECT value FROM counter WHERE name = 'change'"

    private static let selectEnded = """
        SELECT id, hard_end, source, stable_id FROM session
        WHERE ended_change IS NOT NULL AND ended_change > $1 AND hard_end > $2 ORDER BY ended_change
        """

    private static let selectNotBefore = """
        SELECT scope, name, seconds FROM not_before WHERE change > $1 ORDER BY change
        """

    private static let selectPeople = "SELECT source, stable_id FROM person_change WHERE change > $1 ORDER BY change"

    private static let selectKeys = "SELECT 1 FROM counter WHERE name = 'keys' AND value > $1"

    /// All that happened after change number `number` (0: everything still of interest at `now`), by whichever process.
    ///
    /// One small read when nothing happened, and mostly not even that, so that it may be asked often.
    public func changes(after number: Int64, now: Timestamp) async throws(StoreError) -> StoreChanges {
        // Asked for as long as the daemon runs: an idle store is hardly even queried.
        let stamp = self.database.writeStamp
        let isQuiet = quiet.withLock { quiet in
            guard let quiet, let stamp else { return false }
            return quiet.stamp == stamp && quiet.number == number && quiet.readAt + Self.belief > .now
        }
        if isQuiet { return StoreChanges(number: number) }
        // From the beginning it may be much, and nobody waits; later it must not wait behind logins.
        let database = number == 0 ? self.database.unhurried : self.database.apart
        // The number first: what happens between these reads is then told twice rather than never.
        let newest = try await database.query(Self.selectNumber, []).first?.integer(0) ?? 0
        quiet.withLock { $0 = stamp.map { (stamp: $0, number: newest, readAt: .now) } }
        var changes = StoreChanges(number: newest)
        guard newest != number else { return changes }
        let after = SQLValue.integer(number)
        for row in try await database.query(Self.selectEnded, [after, .integer(now.milliseconds)]) {
            guard let id = UUID(uuidString: try row.text(0)) else { continue }
            changes.endedSessions.append(
                EndedSession(
                    id: id,
                    until: Timestamp(milliseconds: try row.integer(1)),
                    person: IdentityKey(source: SourceID(try row.int32(2)), stableID: try row.text(3))
                )
            )
        }
        // Who reads from the beginning remembers nobody yet.
        if number > 0 {
            for row in try await database.query(Self.selectPeople, [after]) {
                changes.people.append(IdentityKey(source: SourceID(try row.int32(0)), stableID: try row.text(1)))
            }
        }
        for row in try await database.query(Self.selectNotBefore, [after]) {
            guard let scope = NotBeforeScope(kind: try row.text(0), name: try row.text(1)) else { continue }
            changes.notBefore.append((scope, try row.integer(2)))
        }
        changes.keysChanged = try await !database.query(Self.selectKeys, [after]).isEmpty
        return changes
    }

    /// With SQLite, ten seconds after the last write: until the next one of any process (inotify(7)).
    public func awaitWrite(within limit: Duration) async -> Bool {
        guard let watch, let stamp = quiet.withLock({ $0?.stamp }), stamp == database.writeStamp else { return false }
        return await watch.wait(within: limit) { [database] in stamp == database.writeStamp }
    }

    /// Lets other processes hear that something about a person changed, or all sessions of that person ended.
    ///
    /// A row for each person, and none for each change, so that it stays small; old ones are removed by maintenance.
    static func noteChange(of key: IdentityKey, now: Timestamp, _ sql: any SQLTransaction) async throws(StoreError) {
        _ = try await sql.query(
            """
            INSERT INTO person_change (source, stable_id, change, changed_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (source, stable_id) DO UPDATE SET change = excluded.change, changed_at = excluded.changed_at
            """,
            [
                .integer(key.source.rawValue), .text(key.stableID), .integer(try await Numbering.nextChange(sql)),
                .integer(now.milliseconds),
            ]
        )
    }

    /// Forgets changes of people noted before `before`: every process has heard of them long ago.
    func forgetChanges(before: Timestamp) async throws(StoreError) {
        let old: [SQLValue] = [.integer(before.milliseconds)]
        // Looked at before it is written, because mostly there is none.
        let any = try await database.query("SELECT 1 FROM person_change WHERE changed_at < $1 LIMIT 1", old)
        guard !any.isEmpty else { return }
        _ = try await database.unhurried.write("DELETE FROM person_change WHERE changed_at < $1", old)
    }

    /// Refuses tokens of `scope` issued before `seconds` (whole seconds since the epoch) from now on.
    ///
    /// A not-before never goes back: an earlier one would bring refused tokens to life again.
    /// - Returns: the one in force.
    @discardableResult
    public func setNotBefore(_ scope: NotBeforeScope, seconds: Int64) async throws(StoreError) -> Int64 {
        try await database.transaction { (sql) async throws(StoreError) in
            let change = try await Numbering.nextChange(sql)
            let rows = try await sql.query(
                """
                INSERT INTO not_before (scope, name, seconds, change) VALUES ($1, $2, $3, $4)
                ON CONFLICT (scope, name) DO UPDATE SET change = excluded.change, seconds =
                    CASE WHEN excluded.seconds > not_before.seconds THEN excluded.seconds ELSE not_before.seconds END
                RETURNING seconds
                """,
                [.text(scope.kind), .text(scope.name), .integer(seconds), .integer(change)]
            )
            return try rows.first?.integer(0) ?? seconds
        }
    }
}

extension NotBeforeScope {
    fileprivate var kind: String {
        switch self {
        case .everyone: "everyone"
        case .client: "client"
        case .identity: "identity"
        }
    }

    fileprivate var name: String {
        switch self {
        case .everyone: ""
        case .client(let id): id
        case .identity(let key): key.subject
        }
    }

    fileprivate init?(kind: String, name: String) {
        switch kind {
        case "everyone": self = .everyone
        case "client": self = .client(name)
        default:
            guard kind == "identity", let key = IdentityKey(subject: name) else { return nil }
            self = .identity(key)
        }
    }
}
