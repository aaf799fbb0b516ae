internal import Authentication

/// Which of the opened keys this node uses.
///
/// Several nodes hear of a new key one after the other. So a node that has heard of one a moment ago goes on with the key
/// before for as long as its neighbours may take, and never makes what another cannot verify. Normally the next key was
/// published long before; this is for keys that were promoted as soon as they were made.
struct KeyUse: Sendable {
    /// How long a key must be known here: some polls of the others.
    static let settling = Duration.seconds(3)

    let snapshot: KeySnapshot
    /// When this node first heard of each key, by id.
    private let seen: [String: ContinuousClock.Instant]
    private let signUntil: ContinuousClock.Instant?
    private let refreshUntil: ContinuousClock.Instant?

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
        /// Nil when the present key is known to all, or when what the former makes might outlive it.
        func until(_ id: String, _ use: StoredKey.Use, formerRetires: Timestamp?) -> ContinuousClock.Instant? {
            guard isShared, let formerRetires, formerRetires >= now + policy.tokenLifetime(use),
                let first = seen[id], first + Self.settling > instant
            else { return nil }
            return first + Self.settling
        }
        self.snapshot = snapshot
        self.seen = seen
        signUntil = until(snapshot.signing.id, .sign, formerRetires: snapshot.formerSigning?.retireAt)
        refreshUntil = until(snapshot.refresh.storedID, .refresh, formerRetires: snapshot.formerRefresh?.retireAt)
    }

    /// Signs access tokens now.
    var signing: SigningKey {
        guard let signUntil, let former = snapshot.formerSigning, ContinuousClock.now < signUntil else {
            return snapshot.signing
        }
        return former.key
    }

    /// Makes refresh tokens now.
    var refresh: RefreshKey {
        guard let refreshUntil, let former = snapshot.formerRefresh, ContinuousClock.now < refreshUntil else {
            return snapshot.refresh
        }
        return former.key
    }
}
