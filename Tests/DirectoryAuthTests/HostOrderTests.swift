import Authentication
import Testing

@testable import DirectoryAuth

@Suite struct HostOrderTests {
    static let start = ContinuousClock.now

    static func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    @Test func preferenceHoldsWhileAllIsWell() {
        let order = HostOrder(count: 3)
        #expect(order.candidates(now: Self.at(0)) == [0, 1, 2])
        #expect(order.answered(0) == .none)
        #expect(order.snapshot().map(\.state) == [.up, .unknown, .unknown])
    }

    @Test func aFailedHostIsAskedLastUntilItsPauseIsOver() {
        let order = HostOrder(count: 2)
        #expect(order.failed(0, "refused", now: Self.at(0)) == .wentDown)
        #expect(order.candidates(now: Self.at(999)) == [1, 0])
        // One request finds out; those beside it do not wait with it.
        #expect(order.candidates(now: Self.at(1_000)) == [0, 1])
        #expect(order.candidates(now: Self.at(1_001)) == [1, 0])
        #expect(order.failed(0, "refused", now: Self.at(1_100)) == .none)
        #expect(order.candidates(now: Self.at(3_000)) == [1, 0])
        #expect(order.candidates(now: Self.at(3_100)) == [0, 1])
        #expect(order.answered(0) == .cameUp)
        #expect(order.candidates(now: Self.at(3_101)) == [0, 1])
        #expect(order.snapshot()[0].lastError == nil)
    }

    @Test func thePauseGrowsToFiveSeconds() {
        let order = HostOrder(count: 2)
        for _ in 0..<20 { _ = order.failed(0, "refused", now: Self.at(0)) }
        #expect(order.candidates(now: Self.at(4_999)) == [1, 0])
        #expect(order.candidates(now: Self.at(5_000)) == [0, 1])
    }

    @Test func allAreAskedWhenAllHaveFailed() {
        let order = HostOrder(count: 2)
        _ = order.failed(0, "a", now: Self.at(0))
        _ = order.failed(1, "b", now: Self.at(0))
        #expect(order.candidates(now: Self.at(1)) == [0, 1])
        #expect(order.snapshot().map(\.lastError) == ["a", "b"])
        #expect(order.snapshot().map(\.state) == [.down, .down])
    }

    @Test func aRefusedServiceAccountIsNotTriedAgainAndAgain() {
        let order = HostOrder(count: 1)
        #expect(order.failed(0, "49", refusesService: true, now: Self.at(0)) == .wentDown)
        #expect(order.candidates(asService: true, now: Self.at(999)) == [])
        #expect(order.candidates(now: Self.at(999)) == [0])
        // A person who gets in says nothing of the service account.
        #expect(order.answered(0) == .none)
        #expect(order.candidates(asService: true, now: Self.at(999)) == [])
        #expect(order.candidates(now: Self.at(1_000)) == [0])
        #expect(order.candidates(asService: true, now: Self.at(1_000)) == [0])
        #expect(order.candidates(asService: true, now: Self.at(1_001)) == [])
        for _ in 0..<9 { _ = order.failed(0, "49", refusesService: true, now: Self.at(0)) }
        #expect(order.candidates(asService: true, now: Self.at(59_999)) == [])
        #expect(order.candidates(asService: true, now: Self.at(60_000)) == [0])
        #expect(order.answered(0, asService: true) == .cameUp)
        #expect(order.candidates(asService: true, now: Self.at(60_001)) == [0])
    }
}
