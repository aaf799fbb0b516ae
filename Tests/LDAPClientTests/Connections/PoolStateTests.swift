import Testing

@testable import LDAPClient

@Suite struct BindPoolStateTests {
    private let now = ContinuousClock.now

    @Test func dialsOneForEachWaiterUpToTheLimit() {
        var pool = BindPoolState(limit: 2, waiterLimit: 10)
        #expect(pool.request(1) == .wait(dials: true))
        #expect(pool.request(2) == .wait(dials: true))
        #expect(pool.request(3) == .wait(dials: false))
        #expect(pool.dialed(100, now: now) == .lend(to: 1))
        #expect(pool.dialed(101, now: now) == .lend(to: 2))
        #expect(pool.waiting == 1)
        #expect(pool.giveBack(100, now: now) == .lend(to: 3))
        #expect(pool.giveBack(101, now: now) == .idle)
        #expect(pool.open == 2)
    }

    @Test func theLastGivenBackIsLentFirst() {
        var pool = BindPoolState(limit: 3, waiterLimit: 10)
        for waiter in 1...3 { _ = pool.request(UInt64(waiter)) }
        for connection in 100...102 { _ = pool.dialed(connection, now: now) }
        for connection in [101, 100, 102] { _ = pool.giveBack(connection, now: now) }
        #expect(pool.request(4) == .lend(102, idleSince: now))
        #expect(pool.request(5) == .lend(100, idleSince: now))
        #expect(pool.giveBack(100, now: now + .seconds(1)) == .idle)
        #expect(pool.request(6) == .lend(100, idleSince: now + .seconds(1)))
    }

    @Test func theQueueIsBounded() {
        var pool = BindPoolState(limit: 1, waiterLimit: 2)
        _ = pool.request(1)
        _ = pool.request(2)
        #expect(pool.request(3) == .refuse)
        pool.giveUp(1)
        #expect(pool.request(4) == .wait(dials: false))
        #expect(pool.dialed(100, now: now) == .lend(to: 2))
    }

    @Test func aDialNobodyWaitsForAnyMoreIsKept() {
        var pool = BindPoolState(limit: 1, waiterLimit: 2)
        _ = pool.request(1)
        pool.giveUp(1)
        #expect(pool.dialed(100, now: now) == .idle)
        #expect(pool.request(2) == .lend(100, idleSince: now))
    }

    @Test func aFailedDialTellsThoseWhoWouldWaitForNothing() {
        var pool = BindPoolState(limit: 2, waiterLimit: 10)
        for waiter in 1...5 { _ = pool.request(UInt64(waiter)) }
        // Two dials for five waiters: the first to fail leaves one dial, so one waiter.
        #expect(pool.dialFailed() == [1, 2, 3, 4])
        #expect(pool.request(6) == .wait(dials: true))
        #expect(pool.dialFailed() == [5])
        #expect(pool.dialFailed() == [6])
    }

    @Test func anAbandonedDialIsMadeAnewForThoseWhoWait() {
        var pool = BindPoolState(limit: 1, waiterLimit: 10)
        _ = pool.request(1)
        #expect(pool.dialAbandoned() == true)
        pool.giveUp(1)
        #expect(pool.dialAbandoned() == false && pool.dialing == 0)
        #expect(pool.request(2) == .wait(dials: true))
        #expect(pool.dialed(100, now: now) == .lend(to: 2))
    }

    @Test func aFailedDialMattersNotWhileOneIsLentOut() {
        var pool = BindPoolState(limit: 2, waiterLimit: 10)
        _ = pool.request(1)
        _ = pool.dialed(100, now: now)
        #expect(pool.request(2) == .wait(dials: true))
        #expect(pool.dialFailed().isEmpty)
        #expect(pool.giveBack(100, now: now) == .lend(to: 2))
    }

    @Test func aLostConnectionIsReplacedForThoseWhoWait() {
        var pool = BindPoolState(limit: 1, waiterLimit: 10)
        _ = pool.request(1)
        _ = pool.dialed(100, now: now)
        #expect(pool.request(2) == .wait(dials: false))
        #expect(pool.closed(100) == true)
        #expect(pool.dialed(101, now: now) == .lend(to: 2))
        #expect(pool.closed(101) == false)
        #expect(pool.open == 0)
    }

    @Test func theOldAreTakenOut() {
        var pool = BindPoolState(limit: 3, waiterLimit: 10)
        for (connection, age) in [(100, 30), (101, 20), (102, 10)] {
            _ = pool.giveBack(connection, now: now - .seconds(age))
        }
        #expect(pool.takeIdle(since: now - .seconds(15)) == [100, 101])
        #expect(pool.request(1) == .lend(102, idleSince: now - .seconds(10)))
    }

    @Test func neverMoreThanTheLimitWhateverHappens() {
        var pool = BindPoolState(limit: 4, waiterLimit: 20)
        var (nextWaiter, nextConnection) = (UInt64(0), 0)
        var dialing = 0
        for _ in 0..<20_000 {
            switch Int.random(in: 0..<6) {
            case 0, 1:
                nextWaiter += 1
                if case .wait(true) = pool.request(nextWaiter) { dialing += 1 }
            case 2 where dialing > 0:
                dialing -= 1
                nextConnection += 1
                _ = pool.dialed(nextConnection, now: now)
            case 3 where dialing > 0:
                dialing -= 1
                _ = pool.dialFailed()
            case 4:
                if let lent = pool.lent.randomElement() { _ = pool.giveBack(lent, now: now) }
            default:
                if let lent = pool.lent.randomElement(), pool.closed(lent) { dialing += 1 }
            }
            #expect(pool.open + pool.dialing <= 4)
            #expect(pool.dialing == dialing)
            // Somebody who waits has something to wait for.
            #expect(pool.waiting == 0 || !pool.lent.isEmpty || pool.dialing > 0)
        }
    }
}

@Suite struct ServicePoolStateTests {
    @Test func thoseWhoComeFirstShareOneDial() {
        var pool = ServicePoolState(limit: 2, waiterLimit: 10)
        #expect(pool.request(1) == .wait(dials: true))
        #expect(pool.request(2) == .wait(dials: false))
        #expect(pool.dialed(100) == [1, 2])
        #expect(pool.inFlight == 2)
    }

    @Test func aBusyConnectionIsJoinedByAnother() {
        var pool = ServicePoolState(limit: 2, waiterLimit: 10)
        _ = pool.request(1)
        _ = pool.dialed(100)
        #expect(pool.request(2) == .use(100, dials: true))
        #expect(pool.request(3) == .use(100, dials: false))
        #expect(pool.dialed(101).isEmpty)
        #expect(pool.request(4) == .use(101, dials: false))
        #expect(pool.request(5) == .use(101, dials: false))
        for _ in 0..<3 { _ = pool.finished(100) }
        #expect(pool.request(6) == .use(100, dials: false))
    }

    @Test func aSecondTryWantsAYoungerConnection() {
        var pool = ServicePoolState(limit: 2, waiterLimit: 10)
        for id in [100, 101] {
            _ = pool.request(UInt64(id))
            _ = pool.dialed(id)
        }
        #expect(pool.closed(101) == false)
        #expect(pool.request(5, after: 101) == .wait(dials: true))
        #expect(pool.dialed(102) == [5])
        #expect(pool.request(6, after: 101) == .use(102, dials: false))
        #expect(pool.request(7, after: 100) == .use(102, dials: false))
    }

    @Test func aFailedDialTellsEverybody() {
        var pool = ServicePoolState(limit: 1, waiterLimit: 2)
        _ = pool.request(1)
        _ = pool.request(2)
        #expect(pool.request(3) == .refuse)
        pool.giveUp(1)
        #expect(pool.dialFailed() == [2])
        #expect(pool.request(4) == .wait(dials: true))
    }

    @Test func anAbandonedDialIsMadeAnewForThoseWhoWait() {
        var pool = ServicePoolState(limit: 1, waiterLimit: 10)
        _ = pool.request(1)
        #expect(pool.dialAbandoned() == true && pool.isDialing)
        pool.giveUp(1)
        #expect(pool.dialAbandoned() == false && !pool.isDialing)
        #expect(pool.request(2) == .wait(dials: true))
        #expect(pool.dialed(100) == [2])
    }

    @Test func noConnectionIsOverloaded() {
        let most = ServicePoolState.loadLimit
        var pool = ServicePoolState(limit: 1, waiterLimit: 1000)
        for waiter in 1...(2 * most) { _ = pool.request(UInt64(waiter)) }
        #expect(pool.dialed(100) == (1...most).map(UInt64.init))
        #expect(pool.inFlight == most)
        #expect(pool.finished(100) == UInt64(most + 1))
        // Whoever comes now waits behind those who wait already.
        #expect(pool.request(999) == .wait(dials: false))
        for _ in 0..<(2 * most) { _ = pool.finished(100) }
        #expect(pool.waiting == 0)
        #expect(pool.inFlight == 0)
    }

    @Test func aLostConnectionIsReplacedForThoseWhoWait() {
        var pool = ServicePoolState(limit: 1, waiterLimit: 1000)
        for waiter in 1...100 { _ = pool.request(UInt64(waiter)) }
        _ = pool.dialed(100)
        #expect(pool.closed(100) == true)
        #expect(pool.finished(100) == nil)
        #expect(pool.dialed(101) == (65...100).map(UInt64.init))
    }

    @Test func whoWaitsForAYoungerConnectionHoldsNobodyUp() {
        var pool = ServicePoolState(limit: 2, waiterLimit: 1000)
        _ = pool.request(1)
        _ = pool.dialed(100)
        // Its search was lost on this connection: another one is dialled, and that may take its time or fail.
        #expect(pool.request(2, after: 100) == .wait(dials: true))
        #expect(pool.request(3) == .use(100, dials: false))
        for waiter in 4...65 { #expect(pool.request(UInt64(waiter)) == .use(100, dials: false)) }
        #expect(pool.request(66) == .wait(dials: false))
        #expect(pool.request(67) == .wait(dials: false))
        #expect(pool.finished(100) == 66)
        #expect(pool.finished(100) == 67)
        #expect(pool.dialFailed() == [2])
        #expect(pool.waiting == 0)
    }

    @Test func aFailedDialLeavesThoseWhoHaveSomethingToWaitFor() {
        var pool = ServicePoolState(limit: 2, waiterLimit: 1000)
        _ = pool.request(1)
        _ = pool.dialed(100)
        for waiter in 2...70 { _ = pool.request(UInt64(waiter)) }
        #expect(pool.isDialing)
        #expect(pool.request(71, after: 100) == .wait(dials: false))
        #expect(pool.dialFailed() == [71])
        #expect(pool.waiting == 6)
        #expect(pool.finished(100) == 65)
    }
}
