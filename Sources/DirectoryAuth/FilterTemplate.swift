internal import LDAPClient

/// A search filter with placeholders, read once. What replaces them goes into values as raw octets; escaping happens
/// once, when the filter is written (`LDAPFilter.description`).
struct FilterTemplate: Sendable, Hashable {
    private let filter: LDAPFilter
    /// Whether `{login}` occurs, so that a cache must tell `alice` from `CORP\alice`.
    let usesLogin: Bool
    /// What every entry that the template can find matches, whatever name is put in: asked at a refresh, when no name
    /// was typed.
    let eligibility: LDAPFilter

    /// Reads RFC 4515 text with `{username}` or `{login}` in values.
    init(_ text: String, key: String) throws(DirectorySettingsError) {
        do throws(LDAPError) {
            filter = try LDAPFilter(parsing: text)
        } catch { throw DirectorySettingsError(.invalid, key: key, error.message) }
        var found: Set<Placeholders.Piece> = []
        do throws(Placeholders.Unknown) {
            _ = try filter.mapValues { (value) throws(Placeholders.Unknown) in
                found.formUnion(try Placeholders.pieces(of: value))
                return value
            }
        } catch { throw DirectorySettingsError(.invalid, key: key, Placeholders.explain(error)) }
        guard found.contains(.username) || found.contains(.login) else {
            throw DirectorySettingsError(
                .invalid,
                key: key,
                "it has no {username}: it would find the same people whoever logs in"
            )
        }
        usesLogin = found.contains(.login)
        eligibility = Self.withoutNames(filter)
    }

    /// The filter for a name.
    func filter(for names: UserNames) -> LDAPFilter {
        filter.mapValues { value in
            // Most values have no placeholder; pieces(of:) succeeded for all of them in init.
            guard value.contains(UInt8(ascii: "{")), let pieces = try? Placeholders.pieces(of: value) else {
                return value
            }
            return pieces.flatMap { piece in
                switch piece {
                case .literal(let bytes): bytes
                case .username: Array(names.username.utf8)
                case .login: Array(names.login.utf8)
                }
            }
        }
    }

    /// Assertions about the name become "the attribute is there"; what negates one can be true of anybody.
    private static func withoutNames(_ filter: LDAPFilter) -> LDAPFilter {
        switch filter {
        case .and(let parts): return .and(parts.map(withoutNames))
        case .or(let parts): return .or(parts.map(withoutNames))
        case .not: return hasName(filter) ? .present(attribute: "objectClass") : filter
        case .equal(let attribute, _), .substrings(let attribute, _, _, _), .greaterOrEqual(let attribute, _),
            .lessOrEqual(let attribute, _), .approximately(let attribute, _):
            return hasName(filter) ? .present(attribute: attribute) : filter
        case .extensible(let attribute, _, _, _):
            return hasName(filter) ? .present(attribute: attribute ?? "objectClass") : filter
        case .present: return filter
        }
    }

    private static func hasName(_ filter: LDAPFilter) -> Bool {
        var found = false
        _ = filter.mapValues { value in
            if let pieces = try? Placeholders.pieces(of: value) {
                found = found || pieces.contains(.username) || pieces.contains(.login)
            }
            return value
        }
        return found
    }
}
