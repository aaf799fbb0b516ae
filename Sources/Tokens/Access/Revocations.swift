public import Authentication
public import FoundationEssentials
internal import Synchronization

/// What access tokens are checked against besides their signature: ended sessions and not-befores, all in memory.
///
/// Filled by `ChangeFeed`; what this process ends itself is added at once. One instance lives as long as the process.
public final class Revocations: Sendable {
    private struct State {
        /// With the moment after which the session has no token left; as many as sessions ended within `session_max`.
        var ended: [UUID: Timestamp] = [:]
        var everyone: Int64 = 0
        /// Few: each is one command of an administrator.
        var clients: [String: Int64] = [:]
        var people: [String: Int64] = [:]
    }

    private let state = Mutex(State())

    /// Nothing ended yet.
    public init() {}

    /// Notes an ended session until `until`, its hard end.
    public func end(_ session: UUID, until: Timestamp) {
        state.withLock { $0.ended[session] = until }
    }

    /// True when that session was ended.
    public func isEnded(_ session: UUID) -> Bool {
        state.withLock { $0.ended[session] != nil }
    }

    /// The greatest not-before that applies, in seconds since the epoch; 0 when there is none.
    ///
    /// - Parameter subject: the `sub` claim.
    public func notBefore(client: String, subject: String?) -> Int64 {
        state.withLock { state in
            var greatest = max(state.everyone, state.clients[client] ?? 0)
            if let subject, !state.people.isEmpty { greatest = max(greatest, state.people[subject] ?? 0) }
            return greatest
        }
    }

    /// Adds what the store reported.
    public func apply(_ changes: StoreChanges) {
        state.withLock { state in
            for session in changes.endedSessions { state.ended[session.id] = session.until }
            for entry in changes.notBefore {
                switch entry.scope {
                case .everyone: state.everyone = max(state.everyone, entry.seconds)
                case .client(let id): state.clients[id] = max(state.clients[id] ?? 0, entry.seconds)
                case .identity(let key): state.people[key.subject] = max(state.people[key.subject] ?? 0, entry.seconds)
                }
            }
        }
    }

    /// Forgets sessions whose last token has expired.
    public func prune(now: Timestamp) {
        state.withLock { state in
            state.ended = state.ended.filter { $0.value > now }
        }
    }

    /// How many ended sessions are held.
    public var count: Int { state.withLock { $0.ended.count } }
}
