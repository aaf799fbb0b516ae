import Testing

@testable import DirectoryAuth

/// The circuit breaker under a clock of the tests' own.
@Suite struct HostBreakerTests {
    static let start = ContinuousClock.now

    static func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    /// A breaker opened by failures at 0 ms.
    static func opened() -> HostBreaker {
        var breaker = HostBreaker()
        breaker.answered(.search, now: at(-10))
        for _ in 0..<3 { _ = breaker.failed(.search, begun: at(-5), now: at(0)) }
        return breaker
    }

    @Test func threeFailuresInARowOpenIt() {
        var breaker = HostBreaker()
        #expect(breaker.admission(.search, now: Self.at(0)) == .asUsual)
        #expect(breaker.failed(.search, begun: Self.at(0), now: Self.at(1)) == .none)
        // The others first for a second.
        #expect(breaker.admission(.search, now: Self.at(1_000)) == .afterOthers)
        #expect(breaker.admission(.search, now: Self.at(1_001)) == .asUsual)
        #expect(breaker.failed(.search, begun: Self.at(1_001), now: Self.at(1_002)) == .none)
        #expect(breaker.failed(.search, begun: Self.at(1_003), now: Self.at(1_004)) == .opened)
        #expect(breaker.isOpen && breaker.failures == 3)
        #expect(breaker.admission(.search, now: Self.at(9_999)) == .no)
        #expect(breaker.failed(.search, begun: Self.at(1_003), now: Self.at(1_005)) == .none)
    }

    @Test func anAnswerBetweenThemDoesNot() {
        var breaker = HostBreaker()
        for round in 0..<10 {
            #expect(breaker.failed(.search, begun: Self.at(round * 10), now: Self.at(round * 10 + 1)) == .none)
            #expect(breaker.failed(.search, begun: Self.at(round * 10 + 2), now: Self.at(round * 10 + 3)) == .none)
            breaker.answered(.search, now: Self.at(round * 10 + 4))
            #expect(breaker.failures == 0 && breaker.isSettled)
        }
    }

    @Test func oldNewsDoNotCount() {
        var breaker = HostBreaker()
        breaker.answered(.search, now: Self.at(100))
        for _ in 0..<5 { #expect(breaker.failed(.search, begun: Self.at(99), now: Self.at(200)) == .none) }
        #expect(breaker.isWell)
    }

    @Test func probesComeAfterOneTwoAndThreeSeconds() {
        var breaker = Self.opened()
        var begun: [Int] = []
        for millisecond in stride(from: 0, through: 16_000, by: 50) {
            guard let next = breaker.nextProbe, next <= Self.at(millisecond) else { continue }
            begun.append(millisecond)
            breaker.probeBegan(now: Self.at(millisecond))
            let ended = Self.at(millisecond + 20)
            #expect(breaker.probeEnded(succeeded: false, begun: Self.at(millisecond), now: ended) == .none)
            #expect(breaker.admission(.search, now: Self.at(millisecond + 30)) == .no)
        }
        #expect(begun == [1_000, 3_000, 6_000, 9_000, 12_000, 15_000])
    }

    /// Probes sent into silence come to nothing after seconds; the next one finds the host awake, and the end of the others
    /// changes nothing any more.
    @Test func aProbeIntoSilenceDoesNotKeepTheNextOne() {
        var breaker = Self.opened()
        for due in [1_000, 3_000, 6_000] {
            #expect(breaker.nextProbe == Self.at(due))
            breaker.probeBegan(now: Self.at(due))
        }
        #expect(breaker.nextProbe == nil, "three at a time")
        #expect(breaker.probeEnded(succeeded: true, begun: Self.at(6_000), now: Self.at(6_010)) == .closed)
        #expect(breaker.probeEnded(succeeded: false, begun: Self.at(1_000), now: Self.at(6_020)) == .none)
        #expect(breaker.probeEnded(succeeded: false, begun: Self.at(3_000), now: Self.at(7_000)) == .none)
        #expect(!breaker.isOpen && breaker.failures == 0)
        #expect(breaker.admission(.search, now: Self.at(7_001)) == .asUsual)
    }

    @Test func aProbeThatEndsMakesRoomForOneThatIsDue() {
        var breaker = Self.opened()
        for due in [1_000, 3_000, 6_000] { breaker.probeBegan(now: Self.at(due)) }
        _ = breaker.probeEnded(succeeded: false, begun: Self.at(1_000), now: Self.at(10_000))
        #expect(breaker.nextProbe == Self.at(9_000))
    }

    /// Somebody who asked during the outage and gets no answer after it does not end the trial.
    @Test func requestsOfBeforeDoNotOpenItAgain() {
        var breaker = Self.opened()
        breaker.probeBegan(now: Self.at(1_000))
        _ = breaker.probeEnded(succeeded: true, begun: Self.at(1_000), now: Self.at(1_010))
        for _ in 0..<5 { #expect(breaker.failed(.search, begun: Self.at(-1), now: Self.at(1_500)) == .none) }
        #expect(!breaker.isOpen)
    }

    @Test func aProbeThatSucceedsLetsOneTry() {
        var breaker = Self.opened()
        breaker.probeBegan(now: Self.at(1_000))
        #expect(breaker.probeEnded(succeeded: true, begun: Self.at(1_000), now: Self.at(1_010)) == .closed)
        #expect(!breaker.isOpen)
        #expect(breaker.admission(.search, now: Self.at(1_020)) == .asUsual)
        #expect(breaker.admission(.search, now: Self.at(1_021)) == .afterOthers)
        breaker.answered(.search, now: Self.at(1_030))
        #expect(breaker.admission(.search, now: Self.at(1_031)) == .asUsual)
        #expect(breaker.admission(.search, now: Self.at(1_031)) == .asUsual)
        #expect(breaker.isSettled)
    }

    @Test func aTrialThatFailsOpensItForLonger() {
        var breaker = Self.opened()
        breaker.probeBegan(now: Self.at(1_000))
        _ = breaker.probeEnded(succeeded: true, begun: Self.at(1_000), now: Self.at(1_010))
        #expect(breaker.admission(.search, now: Self.at(1_020)) == .asUsual)
        #expect(breaker.failed(.search, begun: Self.at(1_020), now: Self.at(1_030)) == .opened)
        #expect(breaker.nextProbe == Self.at(1_030 + 3_000))
    }

    @Test func aTrialNobodyHeardOfIsGivenToAnother() {
        var breaker = Self.opened()
        breaker.probeBegan(now: Self.at(1_000))
        _ = breaker.probeEnded(succeeded: true, begun: Self.at(1_000), now: Self.at(1_010))
        #expect(breaker.admission(.search, now: Self.at(1_020)) == .asUsual)
        #expect(breaker.admission(.search, now: Self.at(6_019)) == .afterOthers)
        #expect(breaker.admission(.search, now: Self.at(6_020)) == .asUsual)
    }

    @Test func onlyAProbeClosesIt() {
        var breaker = Self.opened()
        breaker.answered(.search, now: Self.at(10))
        #expect(breaker.isOpen && breaker.admission(.search, now: Self.at(11)) == .no)
    }

    @Test func aProbeDoesNotExcuseWhatRequestsSuffer() {
        // The root DSE can be read, but binds are not answered.
        var breaker = HostBreaker()
        for round in 0..<3 {
            let change = breaker.failed(.search, begun: Self.at(round * 2_000), now: Self.at(round * 2_000 + 1))
            #expect(change == (round == 2 ? .opened : .none))
            guard round < 2 else { break }
            let probe = Self.at(round * 2_000 + 1_100)
            #expect(breaker.wantsLook(after: .seconds(10), now: probe))
            breaker.probeBegan(now: probe)
            #expect(breaker.probeEnded(succeeded: true, begun: probe, now: probe + .milliseconds(1)) == .none)
        }
        #expect(breaker.isOpen)
    }

    /// The password store hangs, searches are answered as ever.
    @Test func answersToSearchesDoNotHideBindsThatHang() {
        var breaker = HostBreaker()
        for round in 0..<3 {
            let begun = round * 2_000
            breaker.answered(.search, now: Self.at(begun + 1))
            breaker.answered(.search, now: Self.at(begun + 900))
            let change = breaker.failed(.bind, begun: Self.at(begun + 2), now: Self.at(begun + 1_000))
            #expect(change == (round == 2 ? .opened : .none))
        }
        breaker.probeBegan(now: Self.at(6_000))
        #expect(breaker.probeEnded(succeeded: true, begun: Self.at(6_000), now: Self.at(6_010)) == .closed)
        // Searches come after the others, and do not end the trial; one bind does, or opens it again.
        #expect(breaker.admission(.search, now: Self.at(6_020)) == .afterOthers)
        breaker.answered(.search, now: Self.at(6_030))
        #expect(!breaker.isSettled)
        #expect(breaker.admission(.bind, now: Self.at(6_040)) == .asUsual)
        #expect(breaker.admission(.bind, now: Self.at(6_050)) == .afterOthers)
        #expect(breaker.failed(.bind, begun: Self.at(6_040), now: Self.at(7_000)) == .opened)
        breaker.probeBegan(now: Self.at(10_000))
        _ = breaker.probeEnded(succeeded: true, begun: Self.at(10_000), now: Self.at(10_010))
        #expect(breaker.admission(.bind, now: Self.at(10_020)) == .asUsual)
        breaker.answered(.bind, now: Self.at(10_030))
        #expect(breaker.isSettled && breaker.admission(.search, now: Self.at(10_031)) == .asUsual)
    }

    @Test func aProbeThatFailsConcernsBoth() {
        var breaker = HostBreaker()
        for round in 0..<3 {
            breaker.probeBegan(now: Self.at(round * 2_000))
            let ended = Self.at(round * 2_000 + 5)
            let change = breaker.probeEnded(succeeded: false, begun: Self.at(round * 2_000), now: ended)
            #expect(change == (round == 2 ? .opened : .none))
        }
        breaker.probeBegan(now: Self.at(7_000))
        _ = breaker.probeEnded(succeeded: true, begun: Self.at(7_000), now: Self.at(7_010))
        #expect(breaker.admission(.search, now: Self.at(7_020)) == .asUsual)
        breaker.answered(.search, now: Self.at(7_030))
        #expect(breaker.isSettled)
    }

    @Test func whoIsSilentIsLookedAt() {
        var breaker = HostBreaker()
        #expect(breaker.wantsLook(after: .seconds(10), now: Self.at(0)))
        breaker.probeBegan(now: Self.at(0))
        #expect(!breaker.wantsLook(after: .seconds(10), now: Self.at(1)))
        _ = breaker.probeEnded(succeeded: true, begun: Self.at(0), now: Self.at(2))
        #expect(breaker.isWell)
        #expect(!breaker.wantsLook(after: .seconds(10), now: Self.at(10_001)))
        #expect(breaker.wantsLook(after: .seconds(10), now: Self.at(10_002)))
        // A lost connection is a reason at once, but not more than once a second.
        breaker.doubt()
        #expect(!breaker.wantsLook(after: .seconds(10), now: Self.at(999)))
        #expect(breaker.wantsLook(after: .seconds(10), now: Self.at(1_000)))
    }
}
