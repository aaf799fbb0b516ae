internal import Authentication
internal import FoundationEssentials

extension AccessTokenClaims {
    /// The payload, members always in the same order; an audience of one is a string.
    func encoded() -> [UInt8] {
        let groupsSize = person?.groups.reduce(0) { $0 + $1.utf8.count + 3 } ?? 0
        var writer = JSONObjectWriter(capacity: 448 + groupsSize)
        writer.member("iss", issuer)
        writer.member("sub", subject)
        if audience.count == 1 { writer.member("aud", audience[0]) } else { writer.member("aud", audience) }
        writer.member("exp", expiresAt)
        writer.member("iat", issuedAt)
        writer.member("jti", id)
        writer.member("client_id", clientID)
        writer.member("scope", scope)
        if let person {
            writer.member("sid", person.session.text)
            writer.member("auth_time", person.authenticatedAt)
            writer.member("preferred_username", person.username)
            if let email = person.email { writer.member("email", email) }
            writer.member("groups", person.groups)
            if person.hasMoreGroups { writer.member("groups_overage", true) }
            writer.member("userId", Int64(person.userID))
        }
        return writer.finish()
    }

    /// Reads a payload whose signature was checked, so that it is one of ours; nil when it is none all the same.
    init?(decoding payload: [UInt8]) {
        guard let wire = try? Self.decoder.decode(Wire.self, from: Data(payload)) else { return nil }
        var person: Person?
        if let sid = wire.sid {
            guard let session = UUID(uuidString: sid), let time = wire.auth_time, let name = wire.preferred_username,
                let userID = wire.userId
            else { return nil }
            person = Person(
                session: session,
                authenticatedAt: time,
                username: name,
                email: wire.email,
                groups: wire.groups ?? [],
                hasMoreGroups: wire.groups_overage ?? false,
                userID: userID
            )
        }
        self.init(
            issuer: wire.iss,
            subject: wire.sub,
            audience: wire.aud.values,
            expiresAt: wire.exp,
            issuedAt: wire.iat,
            id: wire.jti,
            clientID: wire.client_id,
            scope: wire.scope,
            person: person
        )
    }

    private static let decoder = JSONDecoder()

    /// The members as they are spelt on the wire.
    private struct Wire: Decodable {
        var iss: String
        var sub: String
        var aud: OneOrMany
        var exp: Int64
        var iat: Int64
        var jti: String
        var client_id: String
        var scope: String
        var sid: String?
        var auth_time: Int64?
        var preferred_username: String?
        var email: String?
        var groups: [String]?
        var groups_overage: Bool?
        var userId: Int32?
    }

    private struct OneOrMany: Decodable {
        var values: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(String.self) {
                values = [value]
            } else {
                values = try container.decode([String].self)
            }
        }
    }
}

extension UUID {
    /// In lower case, as `session_state` and `sid` are spelt.
    var text: String { lowercaseText }
}
