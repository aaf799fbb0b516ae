internal import Authentication
internal import LDAPClient
internal import Synchronization

/// The hosts of one directory, as many as are known now, and what is known of each: who may be asked, and in which order.
final class HostRoster: Sendable {
    /// A host and its name among the members.
    struct Candidate: Sendable {
        let id: Int
        let host: any DirectoryHost
    }

    /// A host to be added.
    struct Addition: Sendable {
        let host: any DirectoryHost
        let rank: HostRank
        var weight = 1
    }

    /// What a request found out.
    struct News: Sendable, Hashable {
        var change = HostBreaker.Change.none
        /// Failures in a row.
        var failures = 0
    }

    struct Member {
        let id: Int
        let host: any DirectoryHost
        let url: LDAPURL
        /// The URL in text, made once.
        let name: String
        var rank: HostRank
        var weight: Int
        var breaker = HostBreaker()
        /// Why it does not take the service account.
        var serviceRefusal: String?
        var lastError: String?
        var totalFailures: UInt64 = 0
        var since: Timestamp

        var state: DirectoryStatus.Host.State {
            if breaker.isOpen { return .down }
            if serviceRefusal != nil { return .serviceRefused }
            guard breaker.lastNews != nil else { return .unknown }
            return breaker.isWell ? .up : .failing
        }
    }

    struct State {
        var members: [Member] = []
        var lastID = 0
        /// The usual answer, as long as every host is well and none shares its rank with another.
        var usual: [Candidate]?

        func index(_ id: Int) -> Int? { members.firstIndex { $0.id == id } }
    }

    let state: Mutex<State>
    /// Called when the first host fails after all were well.
    private let inDoubt = Mutex<(@Sendable () -> Void)?>(nil)
    private let wallClock: any WallClock

    init(_ additions: [Addition] = [], wallClock: any WallClock = SystemWallClock()) {
        self.wallClock = wallClock
        state = Mutex(State())
        add(additions)
    }

    /// Calls `action` when a host fails while the others are well, from now on.
    func whenInDoubt(_ action: @escaping @Sendable () -> Void) {
        inDoubt.withLock { $0 = action }
    }

    /// True while every host answers.
    var isAtRest: Bool {
        state.withLock { state in
            state.members.allSatisfy { $0.breaker.isWell && $0.serviceRefusal == nil } && !state.members.isEmpty
        }
    }

    // MARK: members

    /// Every host, preferred ones first.
    var hosts: [any DirectoryHost] { state.withLock { $0.members.map(\.host) } }

    /// Whether some share a rank, so that the person's name chooses among them.
    var hasTies: Bool { state.withLock { state in Set(state.members.map(\.rank)).count < state.members.count } }

    var isEmpty: Bool { state.withLock { $0.members.isEmpty } }

    /// Where the hosts of these places in `urls` are.
    func urls(at places: Set<Int>) -> [LDAPURL] {
        state.withLock { state in
            state.members.filter { places.contains($0.rank.place) }.map(\.url)
        }
    }

    func add(_ additions: [Addition]) {
        let now = wallClock.now()
        state.withLock { state in
            for addition in additions {
                state.lastID += 1
                state.members.append(
                    Member(
                        id: state.lastID,
                        host: addition.host,
                        url: addition.host.settings.url,
                        name: "\(addition.host.settings.url)",
                        rank: addition.rank,
                        weight: addition.weight,
                        since: now
                    )
                )
            }
            state.members.sort { $0.rank < $1.rank }
            state.usual = nil
        }
    }

    /// The hosts found for one place are these now; those that stay keep what is known of them.
    ///
    /// - Parameter make: called for those that are new.
    /// - Returns: hosts that are members no more, and how many are new.
    func replace(
        place: Int,
        with found: [HostDiscovery.Found],
        _ make: (HostDiscovery.Found) -> any DirectoryHost
    ) -> (gone: [any DirectoryHost], added: Int) {
        let (gone, news) = state.withLock { state -> ([any DirectoryHost], [HostDiscovery.Found]) in
            var news: [HostDiscovery.Found] = []
            for host in found {
                let known = state.members.firstIndex {
                    $0.rank.place == place && $0.url == host.url
                }
                guard let known else {
                    news.append(host)
                    continue
                }
                state.members[known].rank.priority = host.priority
                state.members[known].weight = host.weight
            }
            let urls = Set(found.map(\.url))
            let gone = state.members.filter { $0.rank.place == place && !urls.contains($0.url) }
            state.members.removeAll { member in gone.contains { $0.id == member.id } }
            state.usual = nil
            return (gone.map(\.host), news)
        }
        add(
            news.map {
                Addition(
                    host: make($0),
                    rank: HostRank(place: place, priority: $0.priority),
                    weight: $0.weight
                )
            }
        )
        return (gone, news.count)
    }

    // MARK: requests

    /// The hosts that a request is to ask, in order; none while all are known to be down.
    ///
    /// - Parameters:
    ///   - asService: whether the request needs the service account.
    ///   - key: who is asked about; chooses among hosts of one rank.
    func candidates(
        asService: Bool = false,
        key: String = HostAffinity.key,
        now: ContinuousClock.Instant = .now
    ) -> [Candidate] {
        state.withLock { state in
            if let usual = state.usual { return usual }
            let ranks = Set(state.members.map(\.rank))
            let hasTies = ranks.count < state.members.count
            if !hasTies, state.members.allSatisfy({ $0.breaker.isSettled && $0.serviceRefusal == nil }) {
                let usual = state.members.map { Candidate(id: $0.id, host: $0.host) }
                state.usual = usual
                return usual
            }
            var order = Array(state.members.indices)
            if hasTies {
                let hosts = state.members.map { ($0.rank, $0.weight, $0.name) }
                order = HostOrder.sorted(hosts, key: key)
            }
            var first: [Candidate] = []
            var last: [Candidate] = []
            for index in order {
                let candidate = Candidate(id: state.members[index].id, host: state.members[index].host)
                switch state.members[index].breaker.admission(asService ? .search : .bind, now: now) {
                case .no: continue
                case .asUsual where !asService || state.members[index].serviceRefusal == nil: first.append(candidate)
                case .asUsual, .afterOthers: last.append(candidate)
                }
            }
            return first + last
        }
    }

    /// Why nobody can be asked.
    var whyNobody: String {
        state.withLock { state in
            guard let error = state.members.lazy.compactMap(\.lastError).first else { return "no host is known" }
            return "no host answers; \(error)"
        }
    }

    /// The host answered. That it answers people does not mean that it takes the service account.
    func answered(_ id: Int, asService: Bool = false, now: ContinuousClock.Instant = .now) {
        change(id) { member in
            member.breaker.answered(asService ? .search : .bind, now: now)
            if asService { member.serviceRefusal = nil }
            return News()
        }
    }

    /// A request begun at `begun` failed by the host's fault.
    func failed(
        _ id: Int,
        _ error: String,
        asService: Bool = false,
        begun: ContinuousClock.Instant,
        now: ContinuousClock.Instant = .now
    ) -> News {
        let wasAtRest = isAtRest
        defer { if wasAtRest { inDoubt.withLock { $0 }?() } }
        return change(id) { member in
            member.lastError = error
            member.totalFailures += 1
            let change = member.breaker.failed(asService ? .search : .bind, begun: begun, now: now)
            return News(change: change, failures: member.breaker.failures)
        }
    }

    /// The host does not take the service account, or there is none to try.
    func refusedService(_ id: Int, _ error: String) {
        change(id) { member in
            member.serviceRefusal = error
            member.lastError = error
            return News()
        }
    }

    /// A connection to the host was lost.
    func lost(_ url: LDAPURL) {
        state.withLock { state in
            for index in state.members.indices where state.members[index].url == url {
                state.members[index].breaker.doubt()
            }
        }
    }

    @discardableResult
    func change(_ id: Int, _ body: (inout Member) -> News) -> News {
        state.withLock { state in
            guard let index = state.index(id) else { return News() }
            let before = state.members[index].state
            let news = body(&state.members[index])
            let after = state.members[index].state
            if before != after {
                state.members[index].since = wallClock.now()
                state.usual = nil
                if after == .up { state.members[index].lastError = nil }
            }
            return news
        }
    }
}
