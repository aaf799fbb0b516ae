public import Authentication
public import Tokens

extension SQLStore {
    private static let findIdentity = """
        SELECT user_id, username, source_name FROM identity WHERE source = $1 AND stable_id = $2
        """

    private static let renameIdentity = """
        UPDATE identity SET username = $3, source_name = $4 WHERE source = $1 AND stable_id = $2
        """

    private static let renumberIdentity = "UPDATE identity SET user_id = $3 WHERE source = $1 AND stable_id = $2"

    private static let insertIdentity = """
        INSERT INTO identity (user_id, source, stable_id, source_name, username, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """

    private static let insertNewIdentity = insertIdentity + " ON CONFLICT DO NOTHING RETURNING user_id"

    /// Finds or numbers the identity and inserts the session, in one transaction and with one wait for the disk.
    public func open(_ session: Session) async throws(StoreError) -> Session {
        let prepared = SessionRow.values(session)
        for statement in database.openAtOnce {
            if let opened = try await openAtOnce(session, prepared, statement) { return opened }
        }
        return try await database.transaction { (sql) async throws(StoreError) in
            var opened = session
            opened.number = try await Numbering.nextSession(sql)
            var values = prepared
            values[SessionRow.numberPlace] = .integer(opened.number)
            opened.userID = try await Self.userID(
                of: session.identity,
                names: SessionRow.names(in: prepared),
                at: session.createdAt,
                sql
            )
            values[SessionRow.userIDPlace] = .integer(opened.userID)
            _ = try await sql.query(SessionRow.insert, values)
            return opened
        }
    }

    /// The userId of a person outside a login: one read for somebody known, and a write for somebody new.
    public func userID(of identity: Identity, now: Timestamp) async throws(StoreError) -> Int32 {
        let key: [SQLValue] = [.integer(identity.key.source.rawValue), .text(identity.key.stableID)]
        if let known = try await database.query(Self.findIdentity, key).first?.int32(0),
            known == identity.mappedUserID ?? known
        {
            return known
        }
        return try await database.transaction { (sql) async throws(StoreError) in
            try await Self.userID(of: identity, names: SessionRow.names(of: identity), at: now, sql)
        }
    }

    /// Opens the session in one statement; nil when it takes more than that.
    private func openAtOnce(
        _ session: Session,
        _ prepared: [SQLValue],
        _ statement: String
    ) async throws(StoreError) -> Session? {
        let skipped = [SessionRow.numberPlace, SessionRow.userIDPlace]
        let values = prepared.indices.filter { !skipped.contains($0) }.map { prepared[$0] }
        guard let row = try await database.write(statement, values).first else { return nil }
        var opened = session
        opened.number = try row.int32(0)
        opened.userID = try row.int32(1)
        return opened
    }

    /// The userId of a person, numbering somebody new; a number from the directory holds over one given here before.
    ///
    /// The row is written only when something differs: the login of somebody known must not cost a second page.
    private static func userID(
        of identity: Identity,
        names: SessionRow.Names,
        at now: Timestamp,
        _ sql: any SQLTransaction
    ) async throws(StoreError) -> Int32 {
        let (sourceName, username) = names
        let key: [SQLValue] = [.integer(identity.key.source.rawValue), .text(identity.key.stableID)]
        if let row = try await sql.query(findIdentity, key).first {
            let known = try row.int32(0)
            if row.values[1] != username || row.values[2] != sourceName {
                _ = try await sql.query(renameIdentity, key + [username, sourceName])
            }
            guard let mapped = identity.mappedUserID, mapped != known else { return known }
            try await taken(mapped) { () async throws(StoreError) in
                _ = try await sql.query(renumberIdentity, key + [.integer(mapped)])
            }
            return mapped
        }
        guard let mapped = identity.mappedUserID else {
            return try await number(key, [sourceName, username, .integer(now.milliseconds)], sql)
        }
        try await Numbering.lockUsers(sql)
        // Another login of the same person, here or at another node, may have been first a moment ago.
        let present = try await sql.query(findIdentity, key).first?.int32(0)
        guard present != mapped else { return mapped }
        try await taken(mapped) { () async throws(StoreError) in
            guard present == nil else {
                _ = try await sql.query(renumberIdentity, key + [.integer(mapped)])
                return
            }
            _ = try await sql.query(
                insertIdentity,
                [.integer(mapped)] + key + [sourceName, username, .integer(now.milliseconds)]
            )
        }
        return mapped
    }

    /// Numbers somebody new. Another node may have done the same a moment ago: then its number holds.
    private static func number(
        _ key: [SQLValue],
        _ further: [SQLValue],
        _ sql: any SQLTransaction
    ) async throws(StoreError) -> Int32 {
        guard sql.isShared else {
            let number = try await Numbering.nextUser(sql)
            _ = try await sql.query(insertIdentity, [.integer(number)] + key + further)
            return number
        }
        try await Numbering.lockUsers(sql)
        for _ in 0..<16 {
            if let row = try await sql.query(findIdentity, key).first { return try row.int32(0) }
            let number = try await Numbering.nextUser(sql)
            // No row: a number from a directory was put there meanwhile.
            if try await !sql.query(insertNewIdentity, [.integer(number)] + key + further).isEmpty { return number }
        }
        throw StoreError(.unavailable, "no free userId was found: other nodes take them at the same moment")
    }

    private static func taken(_ number: Int32, _ write: () async throws(StoreError) -> Void) async throws(StoreError) {
        do {
            try await write()
        } catch  where error.code == .conflict {
            throw StoreError(.conflict, "the userId \(number) from the directory belongs to another person already")
        }
    }
}
