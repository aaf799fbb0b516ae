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
        private(set) var ended: [UUID: Timestamp] = [:]
        /// The same by the minute of that moment, so that letting them go looks at no others.
        private var byMinute: [Int64: [UUID]] = [:]
        private var firstMinute = Int64.max
        var everyone: Int64 = 0
        /// Few: each is one command of an administrator.
        var clients: [String: Int64] = [:]
        var people: [String: Int64] = [:]

        func notBefore(_ client: String, _ subject: String?) -> Int64 {
            var greatest = everyone
            if !clients.isEmpty { greatest = max(greatest, clients[client] ?? 0) }
            if let subject, !people.isEmpty { greatest = max(greatest, people[subject] ?? 0) }
            return greatest
        }

        /// False when it was known before.
        mutating func end(_ session: UUID, until: Timestamp) -> Bool {
            let before = ended.updateValue(until, forKey: session)
            guard before != until else { return false }
            let minute = Self.minute(until)
            byMinute[minute, default: []].append(session)
            firstMinute = min(firstMinute, minute)
            return before == nil
        }

        /// Lets go of what was over when this minute began.
        mutating func prune(now: Timestamp) {
            let present = Self.minute(now)
            guard firstMinute < present else { return }
            for minute in Array(byMinute.keys) where minute < present {
                for session in byMinute.removeValue(forKey: minute) ?? [] {
                    // It may have been noted again, with a later end.
                    if let until = ended[session], until <= now { ended.removeValue(forKey: session) }
                }
            }
            firstMinute = byMinute.keys.min() ?? .max
        }

        private static func minute(_ moment: Timestamp) -> Int64 { moment.milliseconds / 60_000 }

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
        state.withLock { _ = $0.end(session, until: until) }
    }

    /// True when that session was ended.
    public func isEnded(_ session: UUID) -> Bool {
        state.withLock { $0.ended[session] != nil }
    }

    /// The greatest not-before that applies, in seconds since the epoch; 0 when there is none.
    ///
    /// - Parameter subject: the `sub` claim.
    public func notBefore(client: String, subject: String?) -> Int64 {
        state.withLock { $0.notBefore(client, subject) }
    }

    /// The same, and whether that session was ended, by one look.
    func standing(client: String, subject: String, session: UUID?) -> (notBefore: Int64, isEnded: Bool) {
        state.withLock { state in
            (state.notBefore(client, subject), session.map { state.ended[$0] != nil } ?? false)
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
        var people = Set(changes.people)
        let news = state.withLock { state in
            var news = News()
            for session in changes.endedSessions where state.end(session.id, until: session.until) {
                news.sessions += 1
                // What this process ended itself it has forgotten itself.
                people.insert(session.person)
            }
            for entry in changes.notBefore where state.raise(entry.scope, to: entry.seconds) {
                news.notBefore.append(entry)
            }
            return news
        }
        forgetPasswords(people, changes)
        return news
    }

    /// Whoever's sessions were ended, whoever was revoked and whatever happened to local accounts: the next request
    /// with a password asks again.
    private func forgetPasswords(_ people: Set<IdentityKey>, _ changes: StoreChanges) {
        for person in people { proved.forget(person) }
        for entry in changes.notBefore {
            switch entry.scope {
            case .everyone: proved.forgetEverybody()
            // A password belongs to no client.
            case .client: break
            case .identity(let key): proved.forget(key)
            }
        }
    }

    /// The next request with a password asks again, whoever it is.
    func forgetPasswords() {
        proved.forgetEverybody()
    }

    /// Forgets sessions whose last token has expired, within a minute after it has.
    public func prune(now: Timestamp) {
        state.withLock { $0.prune(now: now) }
    }

    /// How many ended sessions are held.
    public var count: Int { state.withLock { $0.ended.count } }
}
