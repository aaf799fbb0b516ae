internal import Authentication
internal import LDAPClient

/// For whom hosts are asked, as the key of `HostOrder`; bound for the length of what is done for one person.
enum HostAffinity {
    @TaskLocal static var key = ""

    /// Runs `body` for the person of that name, whichever way it is spelt.
    static func with<Value>(
        _ username: String,
        _ body: () async throws(LDAPError) -> Value
    ) async throws(LDAPError) -> Value {
        let outcome = await $key.withValue(key(of: username)) { () async -> Result<Value, LDAPError> in
            do throws(LDAPError) { return .success(try await body()) } catch { return .failure(error) }
        }
        return try outcome.get()
    }

    /// True while hosts are asked for the person of that name.
    static func isFor(_ username: String) -> Bool { key == key(of: username) }

    private static func key(of username: String) -> String { UsernameFolding.fold(username) }
}

extension Directory {
    /// Runs `body` where refreshes will ask for the person who was found, or one of them would see another state of the
    /// password: who was looked up by another name than the entry's, a mail address for example, is read again there.
    func atOwnHosts<Value>(
        of lookup: PersonLookup,
        deadline: ContinuousClock.Instant,
        _ body: (PersonLookup) async throws(LDAPError) -> Value
    ) async throws(LDAPError) -> Value {
        guard case .found(let person, _) = lookup, !HostAffinity.isFor(person.username) else {
            return try await body(lookup)
        }
        return try await HostAffinity.with(person.username) { () async throws(LDAPError) in
            guard hosts.roster.hasTies else { return try await body(lookup) }
            return try await body(read(dn: person.dn, by: hosts, deadline: deadline))
        }
    }
}
