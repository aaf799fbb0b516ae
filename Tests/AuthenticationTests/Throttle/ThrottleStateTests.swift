import Testing

@testable import Authentication

@Suite("The throttle's rules, by the clock")
struct ThrottleStateTests {
    private typealias World = ThrottleWorld

    private static let alice = ThrottleWorld.alice
    private static let home = ThrottleWorld.home
    private static let stranger = ThrottleWorld.stranger

    @Test("Names that exist and names that do not are refused alike", arguments: ["alice", "nobody"])
    func alike(_ name: String) {
        var world = World()
        #expect(world.guess(name, 7) == [400, 400, 400, 400, 400, 429, 429])
        #expect(world.login(name, "right") == 429, "the right password has to wait as well")
        #expect(world.login(name.uppercased(), "x") == 429)
        // Whoever else may be asked for that name.
        for sources in [[1], [0], [2, 1], [3, 0]] as [[Int32]] {
            #expect(world.login(name, "x", sources: sources) == 429, "\(sources)")
        }
        if name == "nobody" { #expect(world.login(name, "x", sources: [2]) == 400) }
        #expect(world.login("carol", "x") == 400)
        world.now = world.now + .seconds(30)
        #expect(world.login(name, "y") == 400)
        #expect(world.login(name, "z") == 429)
        world.now = world.now + .seconds(31)
        #expect(world.login(name, "right") == 429, "doubled")
    }

    @Test("The same password again gains no guess, whether the name exists or not", arguments: ["alice", "nobody"])
    func repeated(_ name: String) {
        var world = World()
        for _ in 0..<20 { #expect(world.login(name, "same") == 400) }
        #expect(world.asked == (name == "alice" ? 1 : 20), "a proven wrong password is not sent again")
        #expect(world.guess(name, 5) == [400, 400, 400, 400, 429])
        world.now = world.now + .seconds(61)
        _ = world.login(name, "same")
        #expect(world.asked == (name == "alice" ? 6 : 25), "and is asked for again after a minute")
    }

    @Test("A password that may have been right is asked about again, and gains no guess")
    func inconclusive() {
        var world = World()
        for _ in 0..<3 { #expect(world.login("alice", "right?", isConclusive: false) == 400) }
        #expect(world.asked == 3)
        #expect(world.guess("alice", 5) == [400, 400, 400, 400, 429])
    }

    @Test("The same password counts for the address")
    func repeatedAddress() {
        var world = World { $0.addressFailures = 10 }
        #expect((0..<12).map { _ in world.login("alice", "same") } == Array(repeating: 400, count: 10) + [429, 429])
    }

    @Test("A success clears, and so the owner types wrong again and again")
    func success() {
        var world = World()
        for _ in 0..<5 {
            #expect(world.guess("alice", 4) == [400, 400, 400, 400])
            #expect(world.login("alice", "right") == 200)
        }
    }

    @Test("A success forgets which passwords were wrong, under every spelling")
    func successForgetsRepeats() {
        var world = World()
        world.login("alice", "new one", from: Self.home)
        world.login("alice@mail.example", "new one", from: Self.home)
        #expect(world.asked == 1)
        #expect(world.login("alice", "right", from: Self.home) == 200)
        world.login("alice@mail.example", "new one", from: Self.home)
        #expect(world.asked == 3)
        world.state.repeats.forget(person: world.state.subject(Self.alice), now: world.now)
        world.login("alice", "new one", from: Self.home)
        #expect(world.asked == 4)
    }

    @Test("A stranger cannot lock the owner out, nor the owner let the stranger in")
    func owner() {
        var world = World()
        #expect(world.login("alice", "right", from: Self.home) == 200)
        #expect(world.guess("alice", 6).last == 429)
        #expect(world.login("alice", "right", from: Self.home) == 200)
        #expect(world.login("alice", "right") == 429, "the stranger's count is untouched by that")
        #expect(
            world.guess("alice", 6, from: Self.home) == [400, 400, 400, 400, 400, 429],
            "the own count has its limit"
        )
        #expect(world.login("alice", "right", from: Self.home) == 429)
        // By sources at which the owner never was.
        var other = World()
        #expect(other.login("alice", "right", from: Self.home, sources: [1]) == 200)
        #expect(other.guess("alice", 6, sources: [0, 1]).last == 429)
        #expect(other.login("alice", "right", from: Self.home, sources: [0, 1]) == 200)
        other.now = other.now + .seconds(31 * 86400)
        #expect(other.guess("alice", 6).last == 429)
        #expect(other.login("alice", "right", from: Self.home) == 429, "after 30 days the address is a stranger's")
    }

    @Test("Every spelling of a person counts for the person")
    func spellings() {
        var world = World()
        #expect(world.guess("alice", 3) == [400, 400, 400])
        #expect(world.guess("alice@mail.example", 3) == [400, 400, 429])
        #expect(world.asked == 5)
        #expect(world.login("alice", "x") == 429)
        #expect(world.login("bob", "right") == 200)
    }

    @Test(
        "Spellings that a directory may take for one count as one",
        arguments: [
            "ALICE", " alice ", "ａｌｉｃｅ", "al\u{AD}ice", "ⓐlice",
        ]
    )
    func loose(_ spelling: String) {
        var world = World { $0.repeatMemory = .zero }
        world.people = [:]
        _ = world.guess("alice", 5)
        #expect(world.login(spelling, "x") == 429)
        #expect(UsernameFolding.loose("a  b\u{3000}c") == "a b c")
    }

    @Test(
        "One password over many names makes the address wait, in a /64 of IPv6 as one",
        arguments: [
            ("198.51.100.7", "198.51.100.8", false), ("::ffff:198.51.100.7", "198.51.100.7", true),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true), ("2001:db8:1:2::1", "2001:db8:1:3::1", false),
        ]
    )
    func spraying(_ address: String, _ other: String, _ isSame: Bool) {
        var world = World()
        for number in 0..<50 { #expect(world.login("user\(number)", "Winter2026!", from: address) == 400) }
        #expect(world.login("user50", "Winter2026!", from: address) == 429)
        #expect(world.login("alice", "right", from: address) == 429)
        #expect(world.login("alice", "right", from: other) == (isSame ? 429 : 200))
        #expect(world.state.wait(ofAddress: address, now: world.now) != nil)
        world.now = world.now + .seconds(300)
        #expect(world.login("alice", "right", from: address) == 200)
    }

    @Test("Exempt networks, and callers without an address, never wait as an address")
    func exempt() {
        var world = World { $0.addressExempt = [AddressRange("198.51.100.0/24")].compactMap(\.self) }
        for number in 0..<60 { #expect(world.login("user\(number)", "x") == 400) }
        for number in 0..<60 { #expect(world.login("user\(number)", "y", from: "unix") == 400) }
        #expect(world.login("alice", "right", from: "unix") == 200)
    }

    @Test("An outage is never counted")
    func outage() {
        var world = World()
        for number in 0..<100 { #expect(world.login("alice", "x\(number)", isDown: true) == 503) }
        #expect(world.login("alice", "right") == 200)
    }

    @Test("A local account guessed at during an outage counts, and only that")
    func guessingDuringOutage() {
        var world = World()
        let person = IdentityKey(source: .local, stableID: "lisa-id")
        func guess(_ number: Int) -> Bool {
            let login = ThrottledLogin(
                sources: [SourceID(1), .local],
                name: "lisa",
                address: Self.stranger,
                password: Password("x\(number)")
            )
            guard case .go(var ticket) = world.state.enter(login, now: world.now) else { return false }
            defer { _ = world.state.release(&ticket) }
            guard case .go = world.state.enter(person, login, &ticket, now: world.now) else { return false }
            _ = world.state.fail(
                login,
                ticket,
                duringOutage: [Rejection(.wrongPassword, source: .local, key: person)],
                now: world.now
            )
            return true
        }
        #expect((0..<7).map { guess($0) } == [true, true, true, true, true, false, false])
    }

    @Test(
        "0 switches a limit off",
        arguments: [
            { (settings: inout ThrottleSettings) in settings.accountFailures = 0 },
            { $0.accountWindow = .zero }, { $0.lockout = .zero }, { $0.lockoutMax = .zero },
        ] as [@Sendable (inout ThrottleSettings) -> Void]
    )
    func off(_ adjust: @Sendable (inout ThrottleSettings) -> Void) {
        var world = World(adjust)
        #expect(!world.state.settings.limitsAccounts)
        #expect(!world.guess("alice", 40).contains(429))
        #expect(world.guess("alice", 20).contains(429), "addresses are still limited")
        for window in [true, false] {
            var free = World { settings in
                adjust(&settings)
                if window { settings.addressWindow = .zero } else { settings.addressFailures = 0 }
            }
            #expect(!free.guess("alice", 200).contains(429))
            #expect(free.asked == 200)
        }
        var forgetful = World { $0.repeatMemory = .zero }
        #expect((0..<6).map { _ in forgetful.login("alice", "same") }.last == 429)
        #expect(forgetful.asked == 5)
    }

    @Test("So many attempts are under way as may still fail; the right password of a moment ago is not held up")
    func underWay() {
        var world = World()
        func enter(_ name: String, _ password: String) -> ThrottleState.Entry {
            let login = ThrottledLogin(
                sources: [SourceID(1)],
                name: name,
                address: Self.stranger,
                password: Password(password)
            )
            return world.state.enter(login, now: world.now)
        }
        var tickets: [ThrottleTicket] = []
        for number in 0..<5 { if case .go(let ticket) = enter("bob", "guess \(number)") { tickets.append(ticket) } }
        #expect(tickets.count == 5)
        guard case .full = enter("bob", "guess 6") else {
            Issue.record("a sixth guess is on its way")
            return
        }
        for var ticket in tickets { #expect(!world.state.release(&ticket).isEmpty) }
        guard case .go(var ticket) = enter("bob", "guess 6") else {
            Issue.record("the places were not given back")
            return
        }
        _ = world.state.release(&ticket)
        #expect(world.login("alice", "right", sources: [1]) == 200)
        for _ in 0..<100 {
            guard case .go = enter("alice", "right") else {
                Issue.record("held up")
                return
            }
        }
        for number in 0..<5 { _ = enter("alice", "guess \(number)") }
        if case .go = enter("alice", "guess 6") { Issue.record("a guess beside right passwords is no right password") }
    }

    @Test("A directory that hangs holds up nobody who asks another one from the same address")
    func hanging() {
        var world = World()
        func enter(_ name: String, _ source: Int32) -> ThrottleState.Entry {
            let login = ThrottledLogin(
                sources: [SourceID(source)],
                name: name,
                address: Self.stranger,
                password: Password("x")
            )
            return world.state.enter(login, now: world.now)
        }
        for number in 0..<50 { _ = enter("hangs\(number)", 1) }
        guard case .full(_, let retry?) = enter("other", 2) else {
            Issue.record("51 guesses under way from one address")
            return
        }
        world.now = retry
        guard case .go = enter("other", 2) else {
            Issue.record("held up for longer than half a second")
            return
        }
        world.now = world.now + .seconds(60)
        guard case .full(_, nil) = enter("one more", 1) else {
            Issue.record("a slow directory lets more be guessed")
            return
        }
    }

    @Test("Of each kind there are 100 000 at most")
    func bound() {
        var table = AgingTable<Int, Int>(capacity: 1000)
        for number in 0..<5000 { table[number] = number }
        #expect(table.count <= 1000 && table.count >= 500)
        #expect(table[4999] == 4999 && table[4600] == 4600 && table[0] == nil)
        table[4600] = nil
        #expect(table[4600] == nil)
        #expect(ThrottleState.capacity == 100_000)
    }

    @Test("The first refusal of a wait is told, and the next wait tells how many there were")
    func announcements() {
        var world = World()
        _ = world.guess("alice", 5)
        func refusal() -> ThrottleWait? {
            let login = ThrottledLogin(
                sources: [SourceID(1), .local],
                name: "alice",
                address: Self.stranger,
                password: Password("z\(world.now.milliseconds)")
            )
            guard case .waits(let wait) = world.state.enter(login, now: world.now) else { return nil }
            return wait
        }
        let first = refusal()
        #expect(first?.isFirst == true && first?.retryAfter == 30 && first?.subject == .account)
        for _ in 0..<9 { #expect(refusal()?.isFirst == false) }
        world.now = world.now + .seconds(31)
        #expect(world.login("alice", "again") == 400)
        let second = refusal()
        #expect(second?.isFirst == true && second?.refusedBefore == 10)
        #expect(second?.detail == "waits 60 s; 10 attempts were refused in the wait before")
    }
}
