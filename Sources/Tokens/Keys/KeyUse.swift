internal import Authentication

/// Which of the opened keys this node uses.
///
/// Several nodes hear of a new key one after the other. So a node that has heard of one a moment ago goes on with an older
/// one for as long as its neighbours may take, and never makes what another cannot verify. Normally the next key was
/// published long before; this is for keys that were promoted as soon as they were made.
final class KeyUse: Sendable {
    /// How long a key must be known here: some polls of the others.
    static let settling = Duration.seconds(3)

    let snapshot: KeySnapshot
    /// When this node first heard of each key, by id.
    private let seen: [String: ContinuousClock.Instant]
    /// What is used until then.
    private let signingBefore: (key: SigningKey, until: ContinuousClock.Instant)?
    private let refreshBefore: (key: RefreshKey, until: ContinuousClock.Instant)?

    /// - Parameters:
    ///   - before: nil at the start.
    ///   - isShared: whether there are other nodes at all.
    init(
        _ snapshot: KeySnapshot,
        after before: KeyUse?,
        isShared: Bool,
        policy: KeyPolicy,
        now: Timestamp,
        instant: ContinuousClock.Instant = .now
    ) {
        var seen: [String: ContinuousClock.Instant] = [:]
        for key in snapshot.stored {
            // What is new to a node that starts is not new to the others, unless it was made just now.
            let isYoung = key.createdAt > now - Self.settling && key.createdAt < now + .seconds(60)
            let first = before != nil || isYoung ? instant : instant - Self.settling
            seen[key.id] = before?.seen[key.id] ?? first
        }
        /// When that key is known to all; nil when it is already.
        func settles(_ id: String) -> ContinuousClock.Instant? {
            guard isShared, let first = seen[id], first + Self.settling > instant else { return nil }
            return first + Self.settling
        }
        /// Of older keys that outlive what they make now, the latest that all know; if there is none, the one known longest.
        func choose<Key>(
            _ former: [(key: Key, retireAt: Timestamp)],
            _ use: StoredKey.Use,
            before current: String,
            id: (Key) -> String
        ) -> (key: Key, until: ContinuousClock.Instant)? {
            guard let until = settles(current) else { return nil }
            let usable = former.filter { $0.retireAt >= now + policy.tokenLifetime(use) }.map(\.key)
            func age(_ key: Key) -> ContinuousClock.Instant { seen[id(key)] ?? instant }
            let settled = usable.first { settles(id($0)) == nil }
            return (settled ?? usable.min { age($0) < age($1) }).map { ($0, until) }
        }
        signingBefore = choose(snapshot.formerSigning, .sign, before: snapshot.signing.id, id: \.id)
        refreshBefore = choose(snapshot.formerRefresh, .refresh, before: snapshot.refresh.storedID, id: \.storedID)
        self.snapshot = snapshot
        self.seen = seen
    }

    /// Signs access tokens now.
    var signing: SigningKey {
        guard let signingBefore, ContinuousClock.now < signingBefore.until else { return snapshot.signing }
        return signingBefore.key
    }

    /// How old a refresh key is when the first token is made with it: by then every process has heard of it.
    static let changeover = settling + .seconds(1)

    /// Makes the refresh token that was issued at `moment`, by the row of its session: whoever presents the one before it
    /// again gets the same one, though the keys were rotated meanwhile.
    func refresh(at moment: Timestamp) -> RefreshKey {
        let key = snapshot.refresh(usedFor: Self.changeover, at: moment)
        guard key.id == snapshot.refresh.id, let refreshBefore, ContinuousClock.now < refreshBefore.until else {
            return key
        }
        // Clocks disagree, or this node has slept: it has heard of the key only now.
        return refreshBefore.key
    }
}
