/// All that the throttle remembers, and its rules. Pure: the caller brings the time and the lock.
///
/// Six kinds of keys, each in a table of its own purpose (`repeats` holds a seventh, of passwords, which no store ever sees):
///
///     kind          made of                                   kept in    what it is for
///     name          source, name as typed [, address]         counts     failures before anybody knows who is meant
///     person        subject [, address]                       counts     the same once the person is found, however spelt
///     address       address (IPv6: its /64)                   counts     failures of whoever comes from there
///     knownName     name as typed, address                    known      a good login of that name from there
///     knownPerson   subject, address                          known      a good login of that person from there
///     question      sources and name as typed, or subject     repeats    whose refused passwords are remembered
///
/// The address in brackets is there when a good login from it is known: its owner then has a count of his own, which
/// strangers' guesses do not fill.
struct ThrottleState: Sendable {
    /// What becomes of an attempt.
    enum Entry: Sendable {
        case go(ThrottleTicket)
        /// Refused: somebody has to wait.
        case waits(ThrottleWait)
        /// Refused as a moment ago, without asking anybody.
        case remembered(Rejection, ThrottleTicket)
        /// As many attempts as may still fail are under way on this count; some of them end, or `retry` comes.
        case full(Place, retry: Timestamp?)
    }

    /// Where attempts under way are counted.
    enum Place: Sendable, Hashable {
        case account(ThrottleKey)
        /// Attempts that ask other sources give theirs up after a while.
        case address(ThrottleKey, [SourceID])

        var key: ThrottleKey {
            switch self {
            case .account(let key), .address(let key, _): key
            }
        }
    }

    /// What becomes of an attempt once the person is known.
    enum PersonEntry: Sendable {
        case go
        case waits(ThrottleWait)
        case remembered(Rejection)
        case full(Place)
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

        /// Whether an attempt that asks `asked` has to reckon with it.
        func counts(_ asked: [SourceID], _ now: Timestamp) -> Bool {
            sources == asked || at > now - addressHold && at <= now
        }
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
    /// The end of the longest wait there ever was, of addresses and of anybody: while both are past, nobody waits. They
    /// are never taken back; too late an end costs a look at the counts, nothing else.
    private(set) var lastWaits = (addresses: Timestamp(milliseconds: 0), all: Timestamp(milliseconds: 0))

    /// What is behind a count that may have changed.
    enum Counted {
        case account
        case address
        /// One or the other: a count of the store tells no more than its key.
        case unknown
    }

    /// Notes how long a count makes somebody wait.
    mutating func noteWait(_ count: ThrottleCount, of counted: Counted) {
        lastWaits.all = max(lastWaits.all, count.until)
        if counted != .account { lastWaits.addresses = max(lastWaits.addresses, count.until) }
    }

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
        for name in ticket.names where !hasRoom(name, now) { return .full(.account(name), retry: nil) }
        if let address = ticket.address {
            let place = Place.address(address, login.sources)
            if room(at: place, now) <= 0 {
                let next = addressFlights[address]?.first {
                    $0.sources != login.sources && $0.counts(login.sources, now)
                }
                return .full(place, retry: next.map { $0.at + Self.addressHold })
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

    /// How long a login has to wait, were it to ask, and turn out to be that person's; nil when it does not.
    mutating func wait(of login: ThrottledLogin, for person: IdentityKey, now: Timestamp) -> ThrottleWait? {
        let ticket = ticket(login, now)
        let count = personCount(person, login, now)
        return longestWait(ticket.names + [count].compactMap { $0 }, ticket.address, now)
    }

    /// The count of an address; nil when it is exempt, or no address, or nobody counts.
    func addressCount(_ text: String) -> ThrottleKey? { addressCount(IPAddress(text)) }

    private func addressCount(_ address: IPAddress?) -> ThrottleKey? {
        guard settings.limitsAddresses, let address,
            !settings.addressExempt.contains(where: { $0.contains(address) })
        else { return nil }
        return digest.key(.address, address.throttleText)
    }

    /// True when it makes a difference, for the name or for the person it turned out to be, whether that address is known:
    /// somebody has failed there, and it is not.
    func judges(_ login: ThrottledLogin, _ person: IdentityKey?, byAddressAt now: Timestamp) -> Bool {
        guard settings.limitsAccounts else { return false }
        let address = login.network
        var keys: [ThrottleKey] = []
        if let person {
            guard success(digest.key(.knownPerson, person.subject, address), now) == nil else { return false }
            keys = [digest.key(.person, person.subject), digest.key(.person, person.subject, address)]
        } else {
            guard success(digest.key(.knownName, login.name, address), now) == nil else { return false }
            for source in login.sources {
                keys.append(digest.key(.name, source.description, login.name))
                keys.append(digest.key(.name, source.description, login.name, address))
            }
        }
        return keys.contains { counts[$0]?.isClear == false }
    }

    private func ticket(_ login: ThrottledLogin, _ now: Timestamp) -> ThrottleTicket {
        let address = login.network
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
            address: addressCount(login.client)
        )
        if let proof = success?.proof {
            let tried = passwords.key(of: login.password, on: knownName).proof
            ticket.proof = tried
            ticket.isTrusted = proof == tried
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
        let count = personCount(person, login, now)
        if let count, let wait = longestWait([count], nil, now) { return .waits(wait) }
        if let entry = repeats(of: subject(person), login.password, now), let rejection = entry.rejection {
            ticket.isPersonRepeated = true
            refusals.repeated += 1
            return .remembered(rejection)
        }
        if let count, !ticket.isTrusted {
            guard hasRoom(count, now) else { return .full(.account(count)) }
            flights[count, default: 0] += 1
            ticket.reserved.append(count)
        }
        ticket.person = person
        ticket.personCount = count
        return .go
    }

    func personCount(_ person: IdentityKey, _ login: ThrottledLogin, _ now: Timestamp) -> ThrottleKey? {
        guard settings.limitsAccounts else { return nil }
        let address = login.network
        return success(digest.key(.knownPerson, person.subject, address), now) == nil
            ? digest.key(.person, person.subject) : digest.key(.person, person.subject, address)
    }

    func subject(_ person: IdentityKey) -> ThrottleKey { digest.key(.question, person.subject) }

    // MARK: Helpers

    func count(_ key: ThrottleKey) -> ThrottleCount { counts[key] ?? ThrottleCount() }

    /// True when a further attempt may be under way on that count.
    func hasRoom(_ key: ThrottleKey, _ now: Timestamp) -> Bool {
        flights[key] == nil || room(at: .account(key), now) > 0
    }

    /// How many further attempts may be under way there.
    func room(at place: Place, _ now: Timestamp) -> Int {
        switch place {
        case .account(let key):
            return count(key).room(at: now, settings.account) - (flights[key] ?? 0)
        case .address(let key, let sources):
            var underWay = 0
            for flight in addressFlights[key] ?? [] where flight.counts(sources, now) { underWay += 1 }
            return count(key).room(at: now, settings.address) - underWay
        }
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
