import Synchronization
import Testing

@testable import Authentication

@Suite struct ClockWatchTests {
    /// Two clocks a test moves.
    private final class Clocks: WallClock {
        private let state = Mutex((wall: Timestamp(seconds: 1_790_000_000), tick: ContinuousClock.now))

        func now() -> Timestamp { state.withLock { $0.wall } }

        func tick() -> ContinuousClock.Instant { state.withLock { $0.tick } }

        func pass(_ duration: Duration, jump: Duration = .zero) {
            state.withLock { state in
                state.tick += duration
                state.wall = state.wall + duration + jump
            }
        }
    }

    @Test(
        "Only a step forward of more than five minutes is doubted",
        arguments: [(0, true), (299, true), (302, false), (86_400, false), (-302, true), (-86_400, true)]
    ) func steps(seconds: Int, isTrusted: Bool) {
        let clocks = Clocks()
        var watch = ClockWatch(clocks, ticks: clocks.tick)
        func look() -> Bool { watch.isTrusted() }
        clocks.pass(.seconds(60))
        #expect(look())
        clocks.pass(.seconds(60), jump: .seconds(seconds))
        #expect(look() == isTrusted)
    }

    @Test("A new time that has held for an hour is the time; a machine that slept is no jump")
    func probation() {
        let clocks = Clocks()
        var watch = ClockWatch(clocks, ticks: clocks.tick)
        func look() -> Bool { watch.isTrusted() }
        clocks.pass(.seconds(86_400))
        #expect(look())
        clocks.pass(.seconds(1), jump: .seconds(7200))
        #expect(!look())
        clocks.pass(.seconds(3599))
        #expect(!look())
        clocks.pass(.seconds(2))
        #expect(look())
    }

    @Test("Set forward, back, and forward again: doubted from the last step on")
    func severalSteps() {
        let clocks = Clocks()
        var watch = ClockWatch(clocks, ticks: clocks.tick)
        func look() -> Bool { watch.isTrusted() }
        clocks.pass(.seconds(1), jump: .seconds(7200))
        #expect(!look())
        clocks.pass(.seconds(1800), jump: .seconds(-7200))
        #expect(!look())
        clocks.pass(.seconds(1700), jump: .seconds(7200))
        #expect(!look())
        clocks.pass(.seconds(3500))
        #expect(!look())
        clocks.pass(.seconds(101))
        #expect(look())
    }
}
