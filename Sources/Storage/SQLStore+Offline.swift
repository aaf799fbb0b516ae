public import Authentication
import Tokens

extension SQLStore: OfflineStore {
    private static let columns = """
        source_name, username, first_name, last_name, display_name, email, group_names, mapped_user_id, locator, \
        credential_state, stable_id, password_hash, expires_at
        """

    private static let selectEntry = "SELECT \(columns) FROM offline_entry WHERE source = $1 AND name = $2"

    private static let writeEntry = """
        INSERT INTO offline_entry (\(columns), source, name)
        VALUES (\((1...15).map { "$\($0)" }.joined(separator: ", ")))
        ON CONFLICT (source, name) DO UPDATE SET
            \(columns.split(separator: ", ").map { "\($0) = excluded.\($0)" }.joined(separator: ", "))
        """

    private static let findEntries =
        "SELECT 1 FROM offline_entry WHERE source = $1 AND (name = $2 OR stable_id = $3) LIMIT 1"
    private static let findLive = "SELECT 1 FROM offline_entry WHERE source = $1 AND expires_at > $2 LIMIT 1"
    private static let deleteEntries = "DELETE FROM offline_entry WHERE source = $1 AND (name = $2 OR stable_id = $3)"

    /// The entry of that name, expired ones included; nil when there is none. One read.
    public func offlineEntry(_ source: SourceID, name: String) async throws(StoreError) -> OfflineEntry? {
        // As typed by a stranger; nobody of such a name was ever let in.
        guard !name.containsNUL else { return nil }
        let values: [SQLValue] = [.integer(source.rawValue), .text(name)]
        guard let row = try await database.query(Self.selectEntry, values).first else { return nil }
        return OfflineEntry(
            name: name,
            identity: Identity(
                key: IdentityKey(source: source, stableID: try row.text(10)),
                sourceName: try row.text(0),
                username: try row.text(1),
                firstName: try row.optionalText(2),
                lastName: try row.optionalText(3),
                displayName: try row.optionalText(4),
                email: try row.optionalText(5),
                groups: TextList.decode(try row.text(6)),
                mappedUserID: try row.optionalInteger(7).map { Int32(truncatingIfNeeded: $0) },
                locator: try row.optionalText(8),
                credentialState: try row.optionalText(9)
            ),
            hash: try row.text(11),
            expiresAt: Timestamp(milliseconds: try row.integer(12))
        )
    }

    /// True when somebody of that source is kept still: an outage of it is bridged for them. One read, which waits behind no
    /// login.
    public func hasOfflineEntry(_ source: SourceID, now: Timestamp) async throws(StoreError) -> Bool {
        try await !database.apart.query(Self.findLive, [.integer(source.rawValue), .integer(now.milliseconds)]).isEmpty
    }

    /// Keeps an entry, in place of the one of the same source and name.
    public func keep(_ entry: OfflineEntry) async throws(StoreError) {
        guard !entry.name.containsNUL else { return }
        let key = entry.identity.key
        let values =
            SessionRow.profile(entry.identity) + [
                .text(key.stableID), .text(entry.hash), .integer(entry.expiresAt.milliseconds),
                .integer(key.source.rawValue), .text(entry.name),
            ]
        _ = try await database.write(Self.writeEntry, values)
    }

    /// Removes what is kept of a name, and of the person. Looks first: most refusals concern nobody who is kept.
    public func forgetOffline(
        _ source: SourceID,
        name: String?,
        person: IdentityKey?
    ) async throws(StoreError) {
        let name = name.flatMap { $0.containsNUL ? nil : $0 }
        let values: [SQLValue] = [.integer(source.rawValue), .optional(name), .optional(person?.stableID)]
        guard try await !database.query(Self.findEntries, values).isEmpty else { return }
        _ = try await database.write(Self.deleteEntries, values)
    }

    /// Removes entries that expired before `moment`.
    public func purgeOffline(before moment: Timestamp) async throws(StoreError) {
        _ = try await database.unhurried.write(
            "DELETE FROM offline_entry WHERE expires_at < $1",
            [.integer(moment.milliseconds)]
        )
    }
}
