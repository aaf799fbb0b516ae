/// All that the throttle remembers, and its rules. Pure: the caller brings the time and the lock.
struct ThrottleState: Sendable {
    /// What becomes of an attempt.
    enum Entry: Sendable {
        case go(ThrottleTicket)
        /// Refused: somebody has to wait.
        case waits(ThrottleWait)
        /// Refused as a moment ago, without asking anybody.
        case remembered(Rejection, ThrottleTicket)
        /// As many attempts as may still fail are under way on this count; some of them end, or `retry` comes.
        case full(ThrottleKey, retry: Timestamp?)
    }

    /// What becomes of an attempt once the person is known.
    enum PersonEntry: Sendable {
        case go
        case waits(ThrottleWait)
        case remembered(Rejection)
        case full(ThrottleKey)
    }

    /// A success from an address.
    struct Success: Sendable {
        var at: Timestamp
        /// When the store was told last.
        var keptAt: Timestamp
        /// Tells whether the next password is the same. Sixteen bits: a guess gets by once in 65 536, and is counted then.
        var proof: UInt16?
    }

    /// An attempt under way from an address.
    struct AddressFlight: Sendable, Hashable {
        var sources: [SourceID]
        var at: Timestamp
    }

    struct Announcement: Sendable {
        var until: Timestamp
        var refused: Int
    }

    /// Of each kind; the oldest go.
    static let capacity = 100_000
    /// An address keeps an account's count of its own for so long after a success.
    static let knownLifetime = Duration.seconds(30 * 86400)
    /// A success is written down again after so long.
    static let knownRenewal = Duration.seconds(86400)
    /// An attempt holds its address' place for so long at most against attempts that ask other sources: a directory that
    /// hangs must not hold up everybody who comes from one address.
    static let addressHold = Duration.milliseconds(500)

    var settings: ThrottleSettings
    let digest: ThrottleDigest
    let passwords = ThrottleDigest.random()
    var counts = AgingTable<ThrottleKey, ThrottleCount>(capacity: capacity)
    var known = AgingTable<ThrottleKey, Success>(capacity: 2 * capacity)
    var repeats = RepeatMemory(capacity: capacity)
    var flights: [ThrottleKey: Int] = [:]
    var addressFlights: [ThrottleKey: [AddressFlight]] = [:]
    private(set) var refusals = ThrottleRefusals()
    var announced = AgingTable<ThrottleKey, Announcement>(capacity: capacity)

    init(settings: ThrottleSettings, digest: ThrottleDigest) {
        self.settings = settings
        self.digest = digest
    }

    // MARK: Before anybody is asked

    /// Whether the attempt may go on; it holds places then until `release`.
    mutating func enter(_ login: ThrottledLogin, now: Timestamp) -> Entry {
        var ticket = ticket(login, now)
        if let wait = longestWait(ticket.names, ticket.address, now) { return .waits(wait) }
        if let entry = repeats(of: ticket.question, login.password, now) {
            ticket.isRepeated = true
            if let rejection = entry.rejection {
                refusals.repeated += 1
                return .remembered(rejection, ticket)
            }
        }
        guard !ticket.isTrusted else { return .go(ticket) }
        for name in ticket.names where !hasRoom(name, now) { return .full(name, retry: nil) }
        if let address = ticket.address {
            let since = now - Self.addressHold
            let counted = (addressFlights[address] ?? []).filter {
                $0.sources == login.sources || $0.at > since && $0.at <= now
            }
            if counted.count >= count(address).room(at: now, settings.address) {
                let next = counted.first { $0.sources != login.sources }
                return .full(address, retry: next.map { $0.at + Self.addressHold })
            }
            addressFlights[address, default: []].append(AddressFlight(sources: login.sources, at: now))
            ticket.addressFlight = AddressFlight(sources: login.sources, at: now)
        }
        for name in ticket.names { flights[name, default: 0] += 1 }
        ticket.reserved = ticket.names
        return .go(ticket)
    }

    /// How long an address has to wait; nil when it does not.
    mutating func wait(ofAddress text: String, now: Timestamp) -> ThrottleWait? {
        guard let address = addressCount(text) else { return nil }
        return longestWait([], address, now)
    }

    /// The count of an address; nil when it is exempt, or no address, or nobody counts.
    func addressCount(_ text: String) -> ThrottleKey? {
        guard settings.limitsAddresses, let address = IPAddress(text),
            !settings.addressExempt.contains(where: { $0.contains(address) })
        else { return nil }
        return digest.key(.address, address.throttleText)
    }

    private func ticket(_ login: ThrottledLogin, _ now: Timestamp) -> ThrottleTicket {
        let address = IPAddress(login.address)?.throttleText ?? ""
        let knownName = digest.key(.knownName, login.name, address)
        let success = success(knownName, now)
        var sources = ""
        for source in login.sources { sources += "\(source.rawValue)," }
        var names: [ThrottleKey] = []
        if settings.limitsAccounts {
            names = login.sources.map { source in
                success == nil
                    ? digest.key(.name, source.description, login.name)
                    : digest.key(.name, source.description, login.name, address)
            }
        }
        var ticket = ThrottleTicket(
            question: digest.key(.question, sources, login.name),
            names: names,
            knownName: knownName,
            address: addressCount(login.address)
        )
        if let proof = success?.proof {
            ticket.isTrusted = proof == passwords.key(of: login.password, on: knownName).proof
        }
        return ticket
    }

    // MARK: Once the person is known

    /// Whether the person's password may be verified.
    mutating func enter(
        _ person: IdentityKey,
        _ login: ThrottledLogin,
        _ ticket: inout ThrottleTicket,
        now: Timestamp
    ) -> PersonEntry {
        guard ticket.person != person else { return .go }
        let count = personCount(person, login.address, now)
        if let count, let wait = longestWait([count], nil, now) { return .waits(wait) }
        if let entry = repeats(of: subject(person), login.password, now), let rejection = entry.rejection {
            ticket.isPersonRepeated = true
            refusals.repeated += 1
            return .remembered(rejection)
        }
        if let count, !ticket.isTrusted {
            guard hasRoom(count, now) else { return .full(count) }
            flights[count, default: 0] += 1
            ticket.reserved.append(count)
        }
        ticket.person = person
        ticket.personCount = count
        return .go
    }

    func personCount(_ person: IdentityKey, _ addressText: String, _ now: Timestamp) -> ThrottleKey? {
        guard settings.limitsAccounts else { return nil }
        let address = IPAddress(addressText)?.throttleText ?? ""
        return success(digest.key(.knownPerson, person.subject, address), now) == nil
            ? digest.key(.person, person.subject) : digest.key(.person, person.subject, address)
    }

    func subject(_ person: IdentityKey) -> ThrottleKey { digest.key(.question, person.subject) }

    // MARK: Helpers

    func count(_ key: ThrottleKey) -> ThrottleCount { counts[key] ?? ThrottleCount() }

    /// True when a further attempt may be under way on that count.
    func hasRoom(_ key: ThrottleKey, _ now: Timestamp) -> Bool {
        guard let underWay = flights[key] else { return true }
        return underWay < count(key).room(at: now, settings.account)
    }

    func success(_ key: ThrottleKey, _ now: Timestamp) -> Success? {
        guard let success = known[key], now < success.at + Self.knownLifetime else { return nil }
        return success
    }

    private mutating func longestWait(_ accounts: [ThrottleKey], _ address: ThrottleKey?, _ now: Timestamp)
        -> ThrottleWait?
    {
        var longest: (key: ThrottleKey, subject: ThrottleWait.Subject, remaining: Duration)?
        func consider(_ key: ThrottleKey, _ subject: ThrottleWait.Subject, _ limit: ThrottleLimit) {
            guard let wait = counts[key]?.wait(at: now, limit), wait > longest?.remaining ?? .zero else { return }
            longest = (key, subject, wait)
        }
        for key in accounts { consider(key, .account, settings.account) }
        if let address { consider(address, .address, settings.address) }
        guard let longest else { return nil }
        refusals.count(longest.subject)
        let before = announced[longest.key]
        let isFirst = before.map { $0.until <= now } ?? true
        announced[longest.key] = Announcement(
            until: max(isFirst ? now : before?.until ?? now, now + longest.remaining),
            refused: isFirst ? 1 : (before?.refused ?? 0) + 1
        )
        return ThrottleWait(
            longest.subject,
            remaining: longest.remaining,
            isFirst: isFirst,
            refusedBefore: isFirst ? before?.refused ?? 0 : 0
        )
    }

    // MARK: Passwords refused before

    func repeats(of subject: ThrottleKey, _ password: Password, _ now: Timestamp) -> RepeatMemory.Entry? {
        guard settings.repeatMemory > .zero, !repeats.isEmpty(subject) else { return nil }
        let key = passwords.key(of: password, on: subject)
        return repeats.entry(subject, key, now: now, lifetime: settings.repeatMemory)
    }

}
