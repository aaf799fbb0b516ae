internal import Synchronization

/// What is remembered of refused service accounts, so that asking again does not lock them; one for all hosts of a
/// directory, because the hosts share the accounts.
///
/// A password that a host took for wrong is tried there again after 5 s, a minute, and then every 15 minutes: at most four
/// times in any half hour, below the thresholds at which directories lock. What is refused for another reason (disabled,
/// expired, locked already) counts as no failure there, and is tried after 5, 10 and 30 s and then every minute, so that an
/// account mended at the directory is soon in use. Another host may try it once, it may know better. A password that has
/// changed is new, and tried at once.
public final class ServiceRefusals: Sendable {
    /// Whether an identity may be tried.
    enum Verdict: Equatable {
        case mayTry
        /// What the server said, and when the next try is due.
        case wait(said: String, code: LDAPResultCode?, until: ContinuousClock.Instant)
    }

    private struct Key: Hashable {
        let dn: String
        let fingerprint: Int
    }

    private struct Refusal {
        var hosts: Set<LDAPURL> = []
        /// Tries that a directory may have counted.
        var guesses = 0
        /// Refusals for other reasons since the last of those.
        var others = 0
        /// Who has taken the retry that was due, and has not said what came of it.
        var taker: LDAPURL?
        var next: ContinuousClock.Instant
        var said: String
        var code: LDAPResultCode?

        /// After so many tries.
        var pause: Duration {
            guard others == 0 else { return .seconds([5, 10, 30, 60][min(others, 4) - 1]) }
            return .seconds([5, 60, 900][min(max(guesses, 1), 3) - 1])
        }
    }

    /// Passwords come and go by an operator's hand: more than these were never in use at a time.
    private static let limit = 64

    private let state = Mutex<[Key: Refusal]>([:])
    /// Whether a refusal may have been counted by the directory as a wrong password.
    let countsAsGuess: @Sendable (BindResponse) -> Bool

    /// Nothing is known yet.
    /// - Parameter countsAsGuess: whether a directory may have counted this answer to a bind as a wrong password; every
    ///   result 49 unless said otherwise.
    public init(countsAsGuess: @escaping @Sendable (BindResponse) -> Bool = { $0.resultCode == .invalidCredentials }) {
        self.countsAsGuess = countsAsGuess
    }

    /// Everything refused may be tried once now: an operator says that it was mended.
    public func retryNow() {
        state.withLock { state in
            for key in state.keys { state[key]?.next = .now }
        }
    }

    /// Asks before a bind; a retry that is due is given to one caller.
    func verdict(dn: String, fingerprint: Int, host: LDAPURL, now: ContinuousClock.Instant = .now) -> Verdict {
        state.withLock { state in
            let key = Key(dn: dn, fingerprint: fingerprint)
            guard var refusal = state[key], refusal.hosts.contains(host) else { return .mayTry }
            guard refusal.next <= now else {
                return .wait(said: refusal.said, code: refusal.code, until: refusal.next)
            }
            refusal.next = now + refusal.pause
            refusal.taker = host
            state[key] = refusal
            return .mayTry
        }
    }

    /// The retry given to this host was not made: no server has seen it, and it is due again.
    func giveBack(dn: String, fingerprint: Int, host: LDAPURL, now: ContinuousClock.Instant = .now) {
        state.withLock { state in
            let key = Key(dn: dn, fingerprint: fingerprint)
            guard state[key]?.taker == host else { return }
            state[key]?.taker = nil
            state[key]?.next = now
        }
    }

    /// The server looked at the account and said no.
    /// - Parameter isGuess: whether the directory may have counted it as a wrong password.
    /// - Returns: how long until the next try.
    func refused(
        dn: String,
        fingerprint: Int,
        host: LDAPURL,
        said: String,
        code: LDAPResultCode,
        isGuess: Bool = true,
        now: ContinuousClock.Instant = .now
    ) -> Duration {
        state.withLock { state in
            let key = Key(dn: dn, fingerprint: fingerprint)
            if state.count >= Self.limit, state[key] == nil { state.removeAll() }
            var refusal = state[key] ?? Refusal(next: now, said: said, code: code)
            refusal.hosts.insert(host)
            if isGuess {
                refusal.guesses += 1
                refusal.others = 0
            } else {
                refusal.others += 1
            }
            refusal.said = said
            refusal.code = code
            refusal.taker = nil
            refusal.next = now + refusal.pause
            state[key] = refusal
            return refusal.pause
        }
    }

    /// The server took it.
    func accepted(dn: String, fingerprint: Int) {
        state.withLock { _ = $0.removeValue(forKey: Key(dn: dn, fingerprint: fingerprint)) }
    }
}
