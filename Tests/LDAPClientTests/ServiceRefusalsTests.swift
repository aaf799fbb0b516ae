import Testing

@testable import LDAPClient

/// How often a refused password is tried, under a clock of the tests' own.
@Suite struct ServiceRefusalsTests {
    private static let start = ContinuousClock.now
    private static let one = LDAPURL(scheme: .ldaps, host: "one", port: 636)
    private static let two = LDAPURL(scheme: .ldaps, host: "two", port: 636)

    private static func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    /// A host finds the password wrong.
    @discardableResult
    private static func refuse(
        _ refusals: ServiceRefusals,
        _ host: LDAPURL = one,
        isGuess: Bool = true,
        at second: Int
    ) -> Duration {
        refusals.refused(
            dn: "cn=x",
            fingerprint: 1,
            host: host,
            said: "49",
            code: .invalidCredentials,
            isGuess: isGuess,
            now: at(second)
        )
    }

    @Test func fourTimesInHalfAnHour() {
        let refusals = ServiceRefusals()
        var tries: [Int] = []
        for second in 0...3600 {
            guard refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one, now: Self.at(second)) == .mayTry else {
                continue
            }
            tries.append(second)
            // Nobody else tries meanwhile, except at the very first.
            if tries.count > 1 {
                #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one, now: Self.at(second)) != .mayTry)
            }
            Self.refuse(refusals, at: second)
        }
        #expect(tries == [0, 5, 65, 965, 1865, 2765])
    }

    @Test func aRetryThatWasNotMadeIsStillDue() {
        let refusals = ServiceRefusals()
        func mayTry(_ second: Int, _ host: LDAPURL = Self.one) -> Bool {
            refusals.verdict(dn: "cn=x", fingerprint: 1, host: host, now: Self.at(second)) == .mayTry
        }
        Self.refuse(refusals, at: 0)
        #expect(mayTry(5) && !mayTry(6))
        refusals.giveBack(dn: "cn=x", fingerprint: 1, host: Self.one, now: Self.at(7))
        #expect(mayTry(7) && !mayTry(8))
        // What another host gives back is not this one's, and what a server has seen is spent.
        #expect(mayTry(8, Self.two))
        refusals.giveBack(dn: "cn=x", fingerprint: 1, host: Self.two, now: Self.at(8))
        #expect(!mayTry(9))
        Self.refuse(refusals, at: 10)
        refusals.giveBack(dn: "cn=x", fingerprint: 1, host: Self.one, now: Self.at(11))
        #expect(!mayTry(12))
    }

    private func tries(until end: Int, isGuess: (Int) -> Bool) -> [Int] {
        let refusals = ServiceRefusals()
        return (0...end).filter { second in
            let verdict = refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one, now: Self.at(second))
            guard verdict == .mayTry else { return false }
            Self.refuse(refusals, isGuess: isGuess(second), at: second)
            return true
        }
    }

    @Test func whatCountsAsNoGuessIsTriedEachMinute() {
        #expect(tries(until: 240) { _ in false } == [0, 5, 15, 45, 105, 165, 225])
    }

    /// Locked for half an hour by somebody else, then wrong: the guesses of before are not forgotten over it.
    @Test func aLockBetweenDoesNotMakeGuessesCheaper() {
        let all = tries(until: 7200) { !(66...2000).contains($0) }
        let guesses = all.filter { !(66...2000).contains($0) }
        #expect(guesses.prefix(3) == [0, 5, 65])
        for (one, next) in zip(guesses.dropFirst(2), guesses.dropFirst(3)) { #expect(next - one >= 900) }
    }

    @Test func whoMendedItMayTryAtOnce() {
        let refusals = ServiceRefusals()
        for _ in 0..<3 {
            _ = refusals.refused(dn: "cn=x", fingerprint: 1, host: Self.one, said: "49", code: .invalidCredentials)
        }
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one) != .mayTry)
        refusals.retryNow()
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one) == .mayTry)
        // One try, and then it waits as long as before.
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one) != .mayTry)
    }

    @Test func anotherPasswordIsNew() {
        let refusals = ServiceRefusals()
        Self.refuse(refusals, at: 0)
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one, now: Self.at(1)) != .mayTry)
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 2, host: Self.one, now: Self.at(1)) == .mayTry)
        #expect(refusals.verdict(dn: "cn=y", fingerprint: 1, host: Self.one, now: Self.at(1)) == .mayTry)
        // That the new one is accepted does not make the old one worth a try.
        refusals.accepted(dn: "cn=x", fingerprint: 2)
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one, now: Self.at(1)) != .mayTry)
        refusals.accepted(dn: "cn=x", fingerprint: 1)
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one, now: Self.at(1)) == .mayTry)
    }

    @Test func anotherHostMayTryOnce() {
        let refusals = ServiceRefusals()
        Self.refuse(refusals, at: 0)
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.two, now: Self.at(0)) == .mayTry)
        let pause = Self.refuse(refusals, Self.two, at: 0)
        #expect(pause == .seconds(60))
        for host in [Self.one, Self.two] {
            #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: host, now: Self.at(59)) != .mayTry)
        }
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.two, now: Self.at(60)) == .mayTry)
        #expect(refusals.verdict(dn: "cn=x", fingerprint: 1, host: Self.one, now: Self.at(60)) != .mayTry)
    }
}
