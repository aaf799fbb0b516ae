internal import LDAPClient
internal import Synchronization

/// Finds the password policy of an entry, where policies are entries (OpenLDAP), and remembers it for five minutes.
///
/// An entry with a policy of its own names it in `pwdPolicySubentry`. The default policy is named in the server's
/// configuration only, which a service account does not see; so without a name every policy below the suffix may be the
/// one, and who asks counts only what all of them agree on.
final class PasswordPolicyFinder: Sendable {
    private let cache: Mutex<LRUCache<String, [PasswordPolicy]>>

    /// More policies than this are read as none: a directory with so many gives each entry its own.
    static let limit: Int32 = 50

    init(lifetime: Duration = .seconds(300)) {
        cache = Mutex(LRUCache(capacity: 1_000, lifetime: lifetime))
    }

    /// The policies that may apply; empty when none can be read.
    func policies(
        of entry: LDAPEntry,
        by searcher: some DirectorySearching,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [PasswordPolicy] {
        let named = entry.text("pwdPolicySubentry")
        let key = named ?? ""
        if let known = cache.withLock({ $0.value(for: key, now: .now) }) { return known }
        let found: [PasswordPolicy]
        do throws(LDAPError) {
            if let named {
                found = try await read(SearchRequest(base: named, scope: .base), searcher, deadline)
            } else {
                let suffix = try await Self.suffix(of: entry.dn, searcher, deadline)
                found = try await read(SearchRequest(base: suffix), searcher, deadline)
            }
        } catch {
            // Hidden, gone, or too many: then nothing is known. A server in trouble has not said that.
            let isTooMany = error.resultCode == .adminLimitExceeded
            guard error.code == .result, isTooMany || error.resultCode?.isServerTrouble == false else { throw error }
            found = []
        }
        cache.withLock { $0.insert(found, for: key, now: .now) }
        return found
    }

    private func read(
        _ request: SearchRequest,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> [PasswordPolicy] {
        var request = request
        request.filter = .equal(attribute: "objectClass", value: Array("pwdPolicy".utf8))
        request.attributes = PasswordPolicy.attributes
        request.sizeLimit = Self.limit
        let found = try await searcher.search(request, deadline: deadline)
        // What some of them agree on, others may not.
        return found.isTruncated ? [] : found.entries.map { PasswordPolicy($0) }
    }

    /// The naming context an entry lies in; its own DN when the root DSE names none.
    private static func suffix(
        of dn: String,
        _ searcher: some DirectorySearching,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> String {
        let request = SearchRequest(base: "", scope: .base, attributes: ["namingContexts"])
        let root = try await searcher.search(request, deadline: deadline).entries.first
        guard let own = try? DistinguishedName(dn) else { return dn }
        let around = (root?["namingContexts"] ?? []).compactMap { String(validating: $0, as: UTF8.self) }
            .filter { text in (try? DistinguishedName(text)).map { own.isWithin($0) } ?? false }
        return around.max { $0.utf8.count < $1.utf8.count } ?? dn
    }
}
