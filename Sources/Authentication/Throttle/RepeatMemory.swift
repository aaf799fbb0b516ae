/// Which passwords were refused a moment ago, so that the same one is neither sent again nor counted again. Pure.
///
/// Kept twice: for the question (who was asked for which name), which is known before anybody is asked, and for the person
/// found, whom other spellings lead to as well. Never the password: a hash of it under a key of this process.
struct RepeatMemory: Sendable {
    /// One refused password.
    struct Entry: Sendable {
        var password: ThrottleKey
        var at: Timestamp
        var person: ThrottleKey?
        /// What a directory said of it; nil when the password is no proven wrong one and is to be asked about again.
        var rejection: Rejection?
    }

    /// More are never tried in one wait.
    static let perSubject = 16

    private var entries: AgingTable<ThrottleKey, [Entry]>
    private var forgotten: AgingTable<ThrottleKey, Timestamp>

    init(capacity: Int) {
        // Each password is kept for two subjects at most.
        entries = AgingTable(capacity: capacity)
        forgotten = AgingTable(capacity: capacity)
    }

    /// True when nothing is remembered of `subject`, so that no password need be hashed.
    func isEmpty(_ subject: ThrottleKey) -> Bool { entries[subject] == nil }

    /// What is remembered of that password.
    func entry(_ subject: ThrottleKey, _ password: ThrottleKey, now: Timestamp, lifetime: Duration) -> Entry? {
        entries[subject]?.last { entry in
            entry.password == password && Self.isFresh(entry, now, lifetime)
                && entry.person.flatMap { forgotten[$0] }.map { $0 < entry.at } ?? true
        }
    }

    mutating func insert(_ entry: Entry, for subject: ThrottleKey, lifetime: Duration) {
        guard lifetime > .zero else { return }
        var kept = (entries[subject] ?? []).filter {
            Self.isFresh($0, entry.at, lifetime) && $0.password != entry.password
        }
        kept.removeFirst(max(0, kept.count - Self.perSubject + 1))
        entries[subject] = kept + [entry]
    }

    /// After a success or a change of the password: nothing that was refused before counts any more.
    mutating func forget(person: ThrottleKey, now: Timestamp) {
        guard entries.count > 0 else { return }
        entries[person] = nil
        forgotten[person] = now
    }

    /// The same for a question whose person is not known.
    mutating func forget(question: ThrottleKey) {
        if entries[question] != nil { entries[question] = nil }
    }

    mutating func prune(now: Timestamp, lifetime: Duration) {
        entries.removeAll { kept in kept.allSatisfy { !Self.isFresh($0, now, lifetime) } }
        forgotten.removeAll { $0 + lifetime <= now }
    }

    private static func isFresh(_ entry: Entry, _ now: Timestamp, _ lifetime: Duration) -> Bool {
        now < entry.at + lifetime && now >= entry.at - lifetime
    }
}
