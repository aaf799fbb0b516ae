import Testing

@testable import Authentication

@Suite("One count of failures, by the clock")
struct ThrottleCountTests {
    let start = Timestamp(seconds: 1_790_000_000)
    let limit = ThrottleLimit(
        failures: 5,
        window: .seconds(900),
        lockout: .seconds(30),
        lockoutMax: .seconds(900)
    )

    private func failing(_ seconds: [Int64], _ limit: ThrottleLimit) -> ThrottleCount {
        var count = ThrottleCount()
        for second in seconds { count.fail(at: start + .seconds(second), limit) }
        return count
    }

    @Test(
        "The limit waits, one less does not, and what has left the window counts no more",
        arguments: [
            ([0, 1, 2, 3], 3, nil), ([0, 1, 2, 3, 4], 4, 30), ([0, 0, 0, 0, 0], 0, 30), ([0, 1, 2, 3, 901], 901, nil),
            ([0, 1, 2, 3, 899], 899, 30), ([0, 600, 700, 800, 901, 902], 902, 30), ([0, 600, 700, 800, 901], 901, nil),
        ] as [([Int64], Int64, Int64?)]
    )
    func window(_ failures: [Int64], _ now: Int64, _ wait: Int64?) {
        let count = failing(failures, limit)
        #expect(count.wait(at: start + .seconds(now) + .milliseconds(10), limit)?.wholeSeconds == wait.map { $0 - 1 })
    }

    @Test("After a wait one more failure waits again, doubled up to the longest")
    func doubling() {
        var count = failing([0, 0, 0, 0, 0], limit)
        var waits: [Int64] = []
        for _ in 0..<8 {
            waits.append(count.until.seconds - count.changedAt.seconds)
            #expect(count.wait(at: count.until, limit) == nil)
            count.fail(at: count.until + .seconds(1), limit)
        }
        #expect(waits == [30, 60, 120, 240, 480, 900, 900, 900])
    }

    @Test("A window without failures behind a wait forgets the doubling; a success forgets everything")
    func forgetting() {
        var count = failing([0, 0, 0, 0, 0], limit)
        count.fail(at: count.until + limit.window, limit)
        #expect(count.wait(at: count.changedAt, limit) == nil)
        #expect(count.failures.count == 1)
        count = failing([0, 0, 0, 0, 0], limit)
        count.clear(at: start + .seconds(31))
        #expect(count.isClear && count.wait(at: start + .seconds(31), limit) == nil)
        count.fail(at: start + .seconds(32), limit)
        #expect(count.wait(at: start + .seconds(33), limit) == nil)
    }

    @Test("An address waits until its window has room again")
    func address() {
        let limit = ThrottleLimit(failures: 3, window: .seconds(60))
        var count = failing([0, 20, 40], limit)
        #expect(count.wait(at: start + .seconds(50), limit) == .seconds(10))
        #expect(count.wait(at: start + .seconds(60), limit) == nil)
        count.fail(at: start + .seconds(61), limit)
        #expect(count.wait(at: start + .seconds(62), limit) == .seconds(18))
        #expect(count.failures.count == 3)
    }

    @Test("A clock set back makes no wait longer than the longest")
    func clockSetBack() {
        let count = failing([0, 0, 0, 0, 0], limit)
        #expect(count.wait(at: start - .seconds(86400), limit) == limit.lockoutMax)
    }

    @Test("So many may be under way as may still fail; behind a wait it is one")
    func room() {
        #expect(ThrottleCount().room(at: start, limit) == 5)
        #expect(failing([0, 1, 2], limit).room(at: start + .seconds(3), limit) == 2)
        let waited = failing([0, 0, 0, 0, 0], limit)
        #expect(waited.room(at: waited.until, limit) == 1)
        #expect(waited.room(at: waited.until + limit.window, limit) == 5)
    }

    @Test("Every wait of any configuration is at least the first and at most the longest")
    func anyWait() {
        for lockout in [Duration.milliseconds(100), .seconds(30), .seconds(86400)] {
            for longest in [lockout, lockout * 3, .seconds(86400)] {
                let limit = ThrottleLimit(failures: 1, window: .seconds(1), lockout: lockout, lockoutMax: longest)
                var last = Duration.zero
                for number in [1, 2, 3, 30, 62, 63, 64, Int32.max] as [Int32] {
                    let wait = limit.wait(number: number)
                    #expect(wait >= min(lockout, longest) && wait <= longest && wait >= last)
                    last = wait
                }
            }
        }
    }
}
