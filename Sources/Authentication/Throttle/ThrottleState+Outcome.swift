/// What comes of attempts, and what the store says.
extension ThrottleState {
    /// Gives the places back and tells on which counts there may be room now.
    mutating func release(_ ticket: inout ThrottleTicket) -> [ThrottleKey] {
        var freed = ticket.reserved
        for key in ticket.reserved {
            let left = (flights[key] ?? 1) - 1
            flights[key] = left > 0 ? left : nil
        }
        ticket.reserved = []
        if let flight = ticket.addressFlight, let address = ticket.address {
            ticket.addressFlight = nil
            if let index = addressFlights[address]?.firstIndex(of: flight) {
                addressFlights[address]?.remove(at: index)
            }
            if addressFlights[address]?.isEmpty ?? false { addressFlights[address] = nil }
            freed.append(address)
        }
        return freed
    }

    /// A refusal. What it counts for is returned, for the store.
    mutating func fail(
        _ login: ThrottledLogin,
        _ ticket: ThrottleTicket,
        _ rejection: Rejection,
        now: Timestamp
    ) -> ThrottleChange {
        var change = ThrottleChange(now)
        let person = rejection.key ?? ticket.person
        // The same password on the same question gains no guess. Through another spelling it tells of that one only.
        if !ticket.isRepeated {
            change.accounts = ticket.names
            if let person, !ticket.isPersonRepeated, let count = self.count(of: person, login, ticket, now) {
                change.accounts.append(count)
            }
        }
        if let address = ticket.address { change.addresses = [address] }
        apply(&change)
        if !ticket.isRepeated { remember(login, ticket, rejection, person, now) }
        return change
    }

    /// A refusal by a source while another one was down: it counts for the person found, for a name that nobody answered
    /// for could be anybody's.
    mutating func fail(
        _ login: ThrottledLogin,
        _ ticket: ThrottleTicket,
        duringOutage rejections: [Rejection],
        now: Timestamp
    ) -> ThrottleChange {
        var change = ThrottleChange(now)
        let refused = rejections.filter { $0.reason == .wrongPassword && $0.key != nil }
        guard let person = refused.last?.key else { return change }
        let isRepeated = ticket.isRepeated || repeats(of: subject(person), login.password, now) != nil
        if let count = count(of: person, login, ticket, now), !isRepeated { change.accounts = [count] }
        if !isRepeated { remember(login, subject(person), nil, person, now) }
        if let address = ticket.address { change.addresses = [address] }
        apply(&change)
        return change
    }

    /// A failure that is an address' alone: a client's secret.
    mutating func fail(address text: String, now: Timestamp) -> ThrottleChange {
        var change = ThrottleChange(now)
        if let address = addressCount(text) { change.addresses = [address] }
        apply(&change)
        return change
    }

    /// A success: clears what this address counted for, and makes the address one of the account's own.
    mutating func succeed(
        _ login: ThrottledLogin,
        _ ticket: ThrottleTicket,
        _ person: IdentityKey,
        now: Timestamp
    ) -> (change: ThrottleChange, known: KnownAddress?) {
        var change = ThrottleChange(now)
        repeats.forget(question: ticket.question)
        repeats.forget(person: subject(person), now: now)
        guard settings.limitsAccounts else { return (change, nil) }
        let count = count(of: person, login, ticket, now)
        change.cleared = (ticket.names + [count].compactMap { $0 }).filter { counts[$0]?.isClear == false }
        for key in change.cleared { counts[key]?.clear(at: now) }
        let knownPerson = digest.key(.knownPerson, person.subject, login.network)
        let proof = ticket.proof ?? passwords.key(of: login.password, on: ticket.knownName).proof
        let isNew = note(success: ticket.knownName, proof, now)
        let isNewPerson = note(success: knownPerson, nil, now)
        guard isNew || isNewPerson else { return (change, nil) }
        return (change, KnownAddress(name: ticket.knownName, person: knownPerson, at: now))
    }

    // MARK: What the store says

    /// Takes over what the store holds, where that is not older than what is known here.
    ///
    /// - Parameter addresses: which of the counts are of addresses; nil when that is not known.
    mutating func merge(_ records: ThrottleRecords, addresses: [ThrottleKey]? = nil) {
        for (key, count) in records.counts where count.changedAt >= self.count(key).changedAt {
            counts[key] = count
            noteWait(count, of: addresses.map { $0.contains(key) ? .address : .account } ?? .unknown)
        }
        for success in records.known {
            for key in [success.name, success.person] where known[key].map({ $0.at <= success.at }) ?? true {
                known[key] = Success(at: success.at, keptAt: success.at, proof: known[key]?.proof)
            }
        }
    }

    /// Lets go of what counts no more.
    mutating func prune(now: Timestamp) {
        let ends = (settings.account, settings.address)
        counts.removeAll { max($0.end(ends.0), $0.end(ends.1)) <= now - .seconds(60) }
        known.removeAll { $0.at + Self.knownLifetime <= now }
        announced.removeAll { $0.until + ends.0.window <= now }
        repeats.prune(now: now, lifetime: settings.repeatMemory)
    }

    // MARK: Helpers

    private func count(
        of person: IdentityKey,
        _ login: ThrottledLogin,
        _ ticket: ThrottleTicket,
        _ now: Timestamp
    ) -> ThrottleKey? {
        ticket.person == person ? ticket.personCount : personCount(person, login, now)
    }

    /// True when the store should hear of it.
    private mutating func note(success key: ThrottleKey, _ proof: UInt16?, _ now: Timestamp) -> Bool {
        let before = success(key, now)
        let isDue = before.map { $0.keptAt + Self.knownRenewal <= now } ?? true
        // A write keeps an entry from being the next to go; once an hour is enough for that.
        guard isDue || before?.proof != proof || before.map({ $0.at + .seconds(3600) <= now }) ?? true else {
            return false
        }
        known[key] = Success(at: now, keptAt: isDue ? now : before?.keptAt ?? now, proof: proof)
        return isDue
    }

    private mutating func apply(_ change: inout ThrottleChange) {
        for key in change.accounts { update(key, .account, change.at, settings.account) }
        for key in change.addresses { update(key, .address, change.at, settings.address) }
    }

    private mutating func update(_ key: ThrottleKey, _ counted: Counted, _ now: Timestamp, _ limit: ThrottleLimit) {
        var count = count(key)
        count.fail(at: now, limit)
        counts[key] = count
        noteWait(count, of: counted)
    }

    /// For the question, and for the person. Only what a directory has proved is refused unasked. The local accounts are asked
    /// again: that costs nobody else, and a password set by a command counts at once.
    private mutating func remember(
        _ login: ThrottledLogin,
        _ ticket: ThrottleTicket,
        _ rejection: Rejection,
        _ person: IdentityKey?,
        _ now: Timestamp
    ) {
        let isProved = rejection.reason == .wrongPassword && rejection.isConclusive && rejection.source != .local
        let proved = isProved ? rejection : nil
        remember(login, ticket.question, proved, person, now)
        if let person { remember(login, subject(person), proved, person, now) }
    }

    private mutating func remember(
        _ login: ThrottledLogin,
        _ key: ThrottleKey,
        _ proved: Rejection?,
        _ person: IdentityKey?,
        _ now: Timestamp
    ) {
        guard settings.repeatMemory > .zero else { return }
        repeats.insert(
            RepeatMemory.Entry(
                password: passwords.key(of: login.password, on: key),
                at: now,
                person: person.map(subject),
                rejection: proved
            ),
            for: key,
            lifetime: settings.repeatMemory
        )
    }
}
