internal import Authentication
internal import Synchronization

/// People by the name that found them, for `dn_cache`: the next login binds without a search.
///
/// The key is the name exactly as it goes into the filter. Folding it would serve a few more spellings and could bind as
/// the wrong person: directories keep `strauß` and `strauss` apart, Unicode case folding does not.
///
/// What was read before a login cannot know of a password changed since, and a session that begins with the old
/// `credentialState` would end at its first refresh. So the entry is trusted as a whole only for the password it was read
/// with; for any other it is read again beside the bind.
final class DNCache: Sendable {
    /// An entry and the password it was last proved with.
    struct Record: Sendable {
        var person: Person
        /// Sixteen bits of a hash keyed per process: enough to tell that a password is another one, and too few to tell
        /// from a memory dump which one it is.
        var proof: UInt16
    }

    private let state: Mutex<LRUCache<String, Record>>

    /// About 100 000 people take some 60 MB at the very most.
    static let capacity = 100_000

    init(lifetime: Duration, capacity: Int = DNCache.capacity) {
        state = Mutex(LRUCache(capacity: capacity, lifetime: lifetime))
    }

    /// Who was found by that name lately.
    func record(for key: String, now: ContinuousClock.Instant) -> Record? {
        state.withLock { $0.value(for: key, now: now) }
    }

    /// Remembers who was found and let in.
    func insert(_ person: Person, password: Password, for key: String, now: ContinuousClock.Instant) {
        let record = Record(person: person, proof: Self.proof(of: password))
        state.withLock { $0.insert(record, for: key, now: now) }
    }

    /// Forgets a name.
    func remove(_ key: String) {
        state.withLock { $0.remove(key) }
    }

    /// Forgets a person, under whatever names. Looks at every record, so it is for what happens seldom.
    func removeAll(of stableID: String) {
        state.withLock { $0.removeAll { $0.person.stableID == stableID } }
    }

    /// Says whether a password is another one than before.
    static func proof(of password: Password) -> UInt16 {
        var hasher = Hasher()
        password.withUnsafeBytes { hasher.combine(bytes: $0) }
        return UInt16(truncatingIfNeeded: hasher.finalize())
    }
}
