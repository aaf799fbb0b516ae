internal import LDAPClient

/// `bind_dn_template`: a DN with placeholders in its values, which are escaped in one place
/// (`DistinguishedName.escapedValue`, RFC 4514 §2.4).
struct DNTemplate: Sendable, Hashable {
    private let pieces: [Placeholders.Piece]

    /// Reads RFC 4514 text with `{username}` or `{login}` in values.
    init(_ text: String, key: String) throws(DirectorySettingsError) {
        do throws(Placeholders.Unknown) {
            pieces = try Placeholders.pieces(of: Array(text.utf8))
        } catch { throw DirectorySettingsError(.invalid, key: key, Placeholders.explain(error)) }
        guard pieces.contains(.username) || pieces.contains(.login) else {
            throw DirectorySettingsError(
                .invalid,
                key: key,
                "it has no {username}: everybody would bind as the same entry"
            )
        }
        // A placeholder outside a value, say as an attribute's name, does not survive what values may contain.
        for sample in ["x", ",", "=\u{1}"] {
            guard (try? DistinguishedName(Self.fill(pieces, username: sample, login: sample))) != nil else {
                throw DirectorySettingsError(
                    .invalid,
                    key: key,
                    "it is no distinguished name with {username} in a value, like uid={username},ou=people,dc=example,dc=org"
                )
            }
        }
    }

    /// The DN for a name.
    func dn(for names: UserNames) -> String {
        Self.fill(pieces, username: names.username, login: names.login)
    }

    private static func fill(_ pieces: [Placeholders.Piece], username: String, login: String) -> String {
        pieces.map { piece in
            switch piece {
            case .literal(let bytes): String(decoding: bytes, as: UTF8.self)
            case .username: DistinguishedName.escapedValue(username)
            case .login: DistinguishedName.escapedValue(login)
            }
        }.joined()
    }
}
