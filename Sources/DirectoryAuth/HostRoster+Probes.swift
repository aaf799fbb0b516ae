internal import Synchronization

/// What probes find out, and what is told of the hosts.
extension HostRoster {
    /// Hosts to look at now; each counts as being looked at until `probeEnded`.
    ///
    /// - Parameter silence: after so long without news a host is looked at.
    func takeProbes(silence: Duration, now: ContinuousClock.Instant = .now) -> [Candidate] {
        state.withLock { state in
            var due: [Candidate] = []
            for index in state.members.indices {
                let breaker = state.members[index].breaker
                let isDue = breaker.nextProbe.map { $0 <= now } ?? breaker.wantsLook(after: silence, now: now)
                guard isDue else { continue }
                state.members[index].breaker.probeBegan(now: now)
                due.append(Candidate(id: state.members[index].id, host: state.members[index].host))
            }
            return due
        }
    }

    /// When the next probe of a host that is down is due.
    var nextProbe: ContinuousClock.Instant? {
        state.withLock { state in state.members.compactMap(\.breaker.nextProbe).min() }
    }

    /// Whether nobody is sent to the host.
    func isDown(_ id: Int) -> Bool {
        state.withLock { state in state.index(id).map { state.members[$0].breaker.isOpen } ?? false }
    }

    /// A probe was not made after all; nothing was learned.
    func probeAborted(_ id: Int) {
        change(id) { member in
            member.breaker.probeAborted()
            return News()
        }
    }

    /// A probe ended; `error` is nil when the host answered.
    func probeEnded(
        _ id: Int,
        error: String?,
        begun: ContinuousClock.Instant,
        now: ContinuousClock.Instant = .now
    ) -> News {
        change(id) { member in
            if let error {
                member.lastError = error
                member.totalFailures += 1
            }
            let change = member.breaker.probeEnded(succeeded: error == nil, begun: begun, now: now)
            return News(change: change, failures: member.breaker.failures)
        }
    }

    /// Hosts that refuse the service account, or all that are not down.
    func members(refusingService: Bool) -> [Candidate] {
        state.withLock { state in
            state.members.filter { !$0.breaker.isOpen && (!refusingService || $0.serviceRefusal != nil) }
                .map { Candidate(id: $0.id, host: $0.host) }
        }
    }

    /// What is known of each host, preferred ones first.
    func snapshot() -> [DirectoryStatus.Host] {
        state.withLock { state in
            state.members.map { member in
                DirectoryStatus.Host(
                    url: member.name,
                    state: member.state,
                    since: member.since,
                    failures: member.breaker.failures,
                    totalFailures: member.totalFailures,
                    lastError: member.lastError
                )
            }
        }
    }
}
