public import Authentication
public import FoundationEssentials
internal import Synchronization

/// What access tokens are checked against besides their signature: ended sessions and not-befores, all in memory.
///
/// Filled by `ChangeFeed`; what this process ends itself is added at once. One instance lives as long as the process.
/// The passwords proved a moment ago lie here too, because they end with the same things.
public final class Revocations: Sendable {
    private struct State {
        /// With the moment after which the session has no token left; as many as sessions ended within `session_max`.
        var ended: [UUID: Timestamp] = [:]
        var everyone: Int64 = 0
        /// Few: each is one command of an administrator.
        var clients: [String: Int64] = [:]
        var people: [String: Int64] = [:]

        /// False when it was as high before.
        mutating func raise(_ scope: NotBeforeScope, to seconds: Int64) -> Bool {
            func raise(_ value: inout Int64) -> Bool {
                guard value < seconds else { return false }
                value = seconds
                return true
            }
            switch scope {
            case .everyone: return raise(&everyone)
            case .client(let id): return raise(&clients[id, default: 0])
            case .identity(let key): return raise(&people[key.subject, default: 0])
            }
        }
    }

    private let state = Mutex(State())

    /// Names and passwords that need no further bind for a while.
    let proved = ProvedPasswords()

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

    /// True when all that was given out for that session is older than the not-before, so that nothing of it is good.
    public func isRevoked(_ session: Session) -> Bool {
        let notBefore = notBefore(client: session.client, subject: session.identity.key.subject)
        return max(session.rotatedAt, session.authenticatedAt).seconds < notBefore
    }

    /// What was not known before.
    public struct News: Sendable {
        /// How many sessions.
        public var sessions = 0
        /// Not-befores, in whole seconds.
        public var notBefore: [(scope: NotBeforeScope, seconds: Int64)] = []
    }

    /// Adds what the store reported.
    @discardableResult
    public func apply(_ changes: StoreChanges) -> News {
        let news = state.withLock { state in
            var news = News()
            for session in changes.endedSessions {
                if state.ended.updateValue(session.until, forKey: session.id) == nil { news.sessions += 1 }
            }
            for entry in changes.notBefore where state.raise(entry.scope, to: entry.seconds) {
                news.notBefore.append(entry)
            }
            return news
        }
        forgetPasswords(changes)
        return news
    }

    /// Whoever's sessions were ended, whoever was revoked and whatever happened to local accounts: the next request
    /// with a password asks again.
    private func forgetPasswords(_ changes: StoreChanges) {
        var people = Set(changes.people + changes.endedSessions.map(\.person))
        for entry in changes.notBefore {
            switch entry.scope {
            case .everyone: proved.forget { _ in true }
            // A password belongs to no client.
            case .client: break
            case .identity(let key): people.insert(key)
            }
        }
        if !people.isEmpty { proved.forget(people.contains) }
    }

    /// The next request with a password asks again, whoever it is.
    func forgetPasswords() {
        proved.forget { _ in true }
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
