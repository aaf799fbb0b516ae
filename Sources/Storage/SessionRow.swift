import Authentication
import FoundationEssentials
import Tokens

/// How a session becomes a row and a row a session.
enum SessionRow {
    /// All columns of a session but `ended_change`, in the order in which `session(_:)` reads them.
    static let columns = """
        id, number, kind, source, stable_id, user_id, source_name, username, first_name, last_name, display_name, email, \
        group_names, mapped_user_id, locator, credential_state, client, scopes, generation, created_at, \
        authenticated_at, rotated_at, idle_end, hard_end, ended_at, address, user_agent
        """

    static let insert = """
        INSERT INTO session (\(columns)) VALUES (\((1...columnCount).map { "$\($0)" }.joined(separator: ", ")))
        """

    static let columnCount = 27

    /// Where `insert` takes the number and the userId, which are known only inside the transaction.
    static let numberPlace = 1
    static let userIDPlace = 5

    static func values(_ session: Session) -> [SQLValue] {
        let key = session.identity.key
        return [
            .text(id(session.id)), .null, .text(session.kind.rawValue), .integer(key.source.rawValue),
            .text(key.stableID), .null,
        ] + profile(session.identity) + [
            .text(session.client), .text(session.scopes.joined(separator: " ")), .integer(session.generation),
            .integer(session.createdAt.milliseconds), .integer(session.authenticatedAt.milliseconds),
            .integer(session.rotatedAt.milliseconds), .integer(session.idleEnd.milliseconds),
            .integer(session.hardEnd.milliseconds), session.endedAt.map { .integer($0.milliseconds) } ?? .null,
            .text(plain(session.address)), .text(plain(session.userAgent)),
        ]
    }

    /// What a row of `identity` has of both.
    typealias Names = (source: SQLValue, person: SQLValue)

    static func names(of identity: Identity) -> Names {
        (.text(plain(identity.sourceName)), .text(plain(identity.username)))
    }

    /// The same from what `values(_:)` made, where `profile` comes behind the userId.
    static func names(in values: [SQLValue]) -> Names { (values[userIDPlace + 1], values[userIDPlace + 2]) }

    /// What a re-check may change, from `source_name` to `credential_state`. The host that answered is not kept.
    static func profile(_ identity: Identity) -> [SQLValue] {
        [
            .text(plain(identity.sourceName)), .text(plain(identity.username)), .optional(plain(identity.firstName)),
            .optional(plain(identity.lastName)), .optional(plain(identity.displayName)),
            .optional(plain(identity.email)), .text(TextList.encode(identity.groups)),
            .optional(identity.mappedUserID), .optional(plain(identity.locator)),
            .optional(plain(identity.credentialState)),
        ]
    }

    /// Assignments of `profile`, whose first value is `$first`.
    static func assignProfile(from first: Int) -> String {
        let names = [
            "source_name", "username", "first_name", "last_name", "display_name", "email", "group_names",
            "mapped_user_id", "locator", "credential_state",
        ]
        return names.enumerated().map { "\($1) = $\(first + $0)" }.joined(separator: ", ")
    }

    static func session(_ row: SQLRow) throws(StoreError) -> Session {
        guard let id = UUID(uuidString: try row.text(0)), let kind = Session.Kind(rawValue: try row.text(2)) else {
            throw StoreError(.unusable, "the database holds a session this program cannot read: restore a backup")
        }
        let identity = Identity(
            key: IdentityKey(source: SourceID(try row.int32(3)), stableID: try row.text(4)),
            sourceName: try row.text(6),
            username: try row.text(7),
            firstName: try row.optionalText(8),
            lastName: try row.optionalText(9),
            displayName: try row.optionalText(10),
            email: try row.optionalText(11),
            groups: TextList.decode(try row.text(12)),
            mappedUserID: try row.optionalInteger(13).map { Int32(truncatingIfNeeded: $0) },
            locator: try row.optionalText(14),
            credentialState: try row.optionalText(15)
        )
        var session = Session(
            id: id,
            number: try row.int32(1),
            kind: kind,
            identity: identity,
            userID: try row.int32(5),
            client: try row.text(16),
            scopes: try row.text(17).split(separator: " ").map(String.init),
            generation: try row.int32(18),
            createdAt: Timestamp(milliseconds: try row.integer(19)),
            idleEnd: Timestamp(milliseconds: try row.integer(22)),
            hardEnd: Timestamp(milliseconds: try row.integer(23)),
            address: try row.text(25),
            userAgent: try row.text(26)
        )
        session.authenticatedAt = Timestamp(milliseconds: try row.integer(20))
        session.rotatedAt = Timestamp(milliseconds: try row.integer(21))
        session.endedAt = try row.optionalInteger(24).map(Timestamp.init(milliseconds:))
        return session
    }

    static func id(_ id: UUID) -> String { id.lowercaseText }

    /// Neither database takes NUL in a text; in what is only shown or logged it becomes U+FFFD. Ids and client names are not
    /// altered: with a NUL they are refused, because two of them must never become one.
    private static func plain(_ text: String) -> String {
        guard text.containsNUL else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : $0 }))
    }

    private static func plain(_ text: String?) -> String? {
        text.map { plain($0) }
    }
}
