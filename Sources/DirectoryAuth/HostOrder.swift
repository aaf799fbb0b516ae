internal import Authentication
internal import Synchronization

/// In which order hosts are asked: by preference, but those that failed a moment ago last, so that not every request waits
/// for them again. The place where the circuit breaker of design decision 14 will live.
///
/// A failed host gets its place back when its pause is over, for one request: that one finds out whether it is back. The
/// pause grows 1, 2, 4, 5 s. When all have failed all are still asked: an answer late is better than none.
///
/// One failure is different: a refused service account. Asking again at each login would lock that account at the
/// directory, so searches leave the host out during its pause, which grows 1, 5, 30, 60 s.
final class HostOrder: Sendable {
    /// What an outcome changed, so that each change is logged once.
    enum Change: Sendable, Hashable {
        case none
        case cameUp
        case wentDown
    }

    private struct Host {
        var state = DirectoryStatus.Host.State.unknown
        var since: Timestamp
        var lastError: String?
        var failures = 0
        var pausedUntil: ContinuousClock.Instant?
        var refusesService = false

        var pause: Duration {
            switch failures {
            case ...1: .seconds(1)
            case 2: .seconds(refusesService ? 5 : 2)
            case 3: .seconds(refusesService ? 30 : 4)
            default: .seconds(refusesService ? 60 : 5)
            }
        }
    }

    private struct State {
        var hosts: [Host]
        /// How many are down, so that the usual answer needs no look at each.
        var down = 0
    }

    private let state: Mutex<State>
    private let preference: [Int]
    private let wallClock: any WallClock

    init(count: Int, wallClock: any WallClock = SystemWallClock()) {
        preference = Array(0..<count)
        self.wallClock = wallClock
        state = Mutex(State(hosts: Array(repeating: Host(since: wallClock.now()), count: count)))
    }

    /// Positions of the hosts in the order in which one request is to ask them.
    ///
    /// - Parameter asService: whether the request needs the service account.
    func candidates(asService: Bool = false, now: ContinuousClock.Instant = .now) -> [Int] {
        state.withLock { state in
            guard state.down > 0 else { return preference }
            var first: [Int] = []
            var last: [Int] = []
            for index in preference {
                // A host that refuses the service account serves people, and their requests must not use up its next try.
                guard let until = state.hosts[index].pausedUntil, asService || !state.hosts[index].refusesService else {
                    first.append(index)
                    continue
                }
                if until <= now {
                    // Whoever comes while this one tries goes to the others first.
                    state.hosts[index].pausedUntil = now + state.hosts[index].pause
                    first.append(index)
                } else if !state.hosts[index].refusesService {
                    last.append(index)
                }
            }
            return first + last
        }
    }

    /// The host answered. That it answers people does not mean that it takes the service account.
    func answered(_ index: Int, asService: Bool = false) -> Change {
        state.withLock { state in
            guard state.hosts[index].state != .up, asService || !state.hosts[index].refusesService else { return .none }
            let change: Change = state.hosts[index].state == .down ? .cameUp : .none
            if state.hosts[index].state == .down { state.down -= 1 }
            state.hosts[index] = Host(state: .up, since: wallClock.now())
            return change
        }
    }

    /// The host did not answer, or cannot serve.
    ///
    /// - Parameter refusesService: it answered, but refused the service account.
    func failed(
        _ index: Int,
        _ error: String,
        refusesService: Bool = false,
        now: ContinuousClock.Instant = .now
    ) -> Change {
        state.withLock { state in
            let change: Change = state.hosts[index].state == .down ? .none : .wentDown
            if change == .wentDown {
                state.hosts[index].state = .down
                state.hosts[index].since = wallClock.now()
                state.down += 1
            }
            state.hosts[index].lastError = error
            if refusesService != state.hosts[index].refusesService { state.hosts[index].failures = 0 }
            state.hosts[index].refusesService = refusesService
            state.hosts[index].failures = min(state.hosts[index].failures + 1, 10)
            state.hosts[index].pausedUntil = now + state.hosts[index].pause
            return change
        }
    }

    /// The last error of the host preferred most that has one.
    var lastError: String? {
        state.withLock { state in state.hosts.compactMap(\.lastError).first }
    }

    /// State, since when, and last error of each host.
    func snapshot() -> [(state: DirectoryStatus.Host.State, since: Timestamp, lastError: String?)] {
        state.withLock { state in state.hosts.map { ($0.state, $0.since, $0.lastError) } }
    }
}
