public import Authentication
import FoundationEssentials
public import Tokens

extension SQLStore {
    private static let selectLive = """
        SELECT \(SessionRow.columns) FROM session WHERE number > $1 AND \(isLive)
        """

    private static let byNumber = " ORDER BY number LIMIT $3"

    private static let selectLiveOf = selectLive + " AND source = $4 AND stable_id = $5" + byNumber

    private static let selectPeople = """
        SELECT source, stable_id, source_name, username, user_id FROM identity WHERE source = $1 ORDER BY user_id
        """

    private static let selectPerson = """
        SELECT source, stable_id, source_name, username, user_id FROM identity WHERE source = $1 AND stable_id = $2
        """

    private static let selectSource = "SELECT DISTINCT source FROM identity WHERE source_name = $1"

    /// At most `limit` live sessions in the order of their numbers, beginning after `number`; of one person when `key` is
    /// given. One read.
    public func liveSessions(
        of key: IdentityKey? = nil,
        after number: Int32 = 0,
        limit: Int,
        now: Timestamp
    ) async throws(StoreError) -> [Session] {
        var values: [SQLValue] = [.integer(number), .integer(now.milliseconds), .integer(limit)]
        var statement = Self.selectLive + Self.byNumber
        if let key {
            statement = Self.selectLiveOf
            values += [.integer(key.source.rawValue), .text(key.stableID)]
        }
        var sessions: [Session] = []
        for row in try await database.query(statement, values) { sessions.append(try SessionRow.session(row)) }
        return sessions
    }

    /// The person with that key, if there was a login. One read.
    public func person(_ key: IdentityKey) async throws(StoreError) -> KnownPerson? {
        let values: [SQLValue] = [.integer(key.source.rawValue), .text(key.stableID)]
        return try await database.query(Self.selectPerson, values).first.map(KnownPerson.init)
    }

    /// The people of `source` who have that canonical name, compared as names of local accounts are. Several when a name
    /// went to another person. Reads all people of the source: for commands.
    public func people(named username: String, of source: SourceID) async throws(StoreError) -> [KnownPerson] {
        let folded = UsernameFolding.fold(username)
        var people: [KnownPerson] = []
        for row in try await database.query(Self.selectPeople, [.integer(source.rawValue)]) {
            let person = try KnownPerson(row)
            if UsernameFolding.fold(person.username) == folded { people.append(person) }
        }
        return people
    }

    /// The sources that had that name at somebody's last login, for one that has left the configuration. One read.
    public func sources(named name: String) async throws(StoreError) -> [SourceID] {
        var sources: [SourceID] = []
        for row in try await database.query(Self.selectSource, [.text(name)]) {
            sources.append(SourceID(try row.int32(0)))
        }
        return sources
    }
}
