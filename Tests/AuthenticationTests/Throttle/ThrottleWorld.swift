@testable import Authentication

/// A world with a clock; names that exist lead to a person, others to nobody.
struct ThrottleWorld {
    static let alice = IdentityKey(source: SourceID(1), stableID: "alice-id")
    /// Where alice is at home, and where nobody knows her.
    static let home = "192.0.2.1"
    static let stranger = "198.51.100.7"

    var state: ThrottleState
    var now = Timestamp(seconds: 1_790_000_000)
    var people = [
        "alice": alice, "alice@mail.example": alice, "bob": IdentityKey(source: SourceID(1), stableID: "bob-id"),
    ]
    /// Passwords that reached a source.
    var asked = 0

    init(_ adjust: (inout ThrottleSettings) -> Void = { _ in }) {
        var settings = ThrottleSettings()
        adjust(&settings)
        state = ThrottleState(settings: settings, digest: ThrottleDigest(secret: [UInt8](repeating: 1, count: 32)))
    }

    /// What the caller hears: 400, 429 or 200; 503 when the sources are down.
    @discardableResult
    mutating func login(
        _ name: String,
        _ password: String,
        from address: String = stranger,
        sources: [Int32] = [1, 0],
        isDown: Bool = false,
        isConclusive: Bool = true
    ) -> Int {
        now = now + .milliseconds(10)
        let login = ThrottledLogin(
            sources: sources.map(SourceID.init),
            name: name,
            address: address,
            password: Password(password)
        )
        var ticket: ThrottleTicket
        switch state.enter(login, now: now) {
        case .waits: return 429
        case .full: return 0
        case .remembered(let rejection, let held):
            _ = state.fail(login, held, rejection, now: now)
            return 400
        case .go(let held): ticket = held
        }
        defer { _ = state.release(&ticket) }
        if isDown {
            _ = state.fail(login, ticket, duringOutage: [], now: now)
            return 503
        }
        let person = people[UsernameFolding.fold(name)]
        if let person {
            switch state.enter(person, login, &ticket, now: now) {
            case .go: break
            case .waits: return 429
            case .full: return 0
            case .remembered(let rejection):
                _ = state.fail(login, ticket, rejection, now: now)
                return 400
            }
        }
        asked += 1
        if let person, password == "right" {
            _ = state.succeed(login, ticket, person, now: now)
            return 200
        }
        var rejection = Rejection(person == nil ? .unknownUser : .wrongPassword, source: SourceID(1), key: person)
        rejection.isConclusive = isConclusive
        _ = state.fail(login, ticket, rejection, now: now)
        return 400
    }

    mutating func guess(_ name: String, _ count: Int, from address: String = stranger, sources: [Int32] = [1, 0])
        -> [Int]
    {
        (0..<count).map { login(name, "guess \($0) \(now.milliseconds)", from: address, sources: sources) }
    }
}
