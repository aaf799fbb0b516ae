import Authentication
import FoundationEssentials
import Tokens

/// The stores of this room in memory, as their protocols describe them; the real ones are Storage's.
actor MemoryStore: SessionStore, PeopleStore, KeyStore, ChangeStore {
    nonisolated let hasOtherNodes = false
    private var sessions: [UUID: Session] = [:]
    private var identities: [IdentityKey: Int32] = [:]
    private var nextNumber: Int32 = 77
    private var stored: [StoredKey] = []
    private var check: [UInt8]?
    private var log: [(number: Int64, change: Change)] = []
    private var number: Int64 = 0
    private var failure: StoreError?
    private var writeFailure: StoreError?
    private var swapsToLose = 0
    private var heldReading = false
    /// True while somebody was told the keys and has not heard it yet.
    private(set) var isReadingHeld = false
    private var onOpen: @Sendable () -> Void = {}
    private(set) var reads = 0
    private(set) var writes = 0

    private enum Change {
        case ended(EndedSession)
        case person(IdentityKey)
        case notBefore(NotBeforeScope, Int64)
        case keys
    }

    /// From now on every call fails with `error`; nil ends it.
    func fail(with error: StoreError?) { failure = error }

    /// What the next reading of the keys finds is told only after `release`.
    func holdReading() { heldReading = true }

    func release() { isReadingHeld = false }

    /// From now on every write fails with `error`, as on a standby; nil ends it.
    func failWrites(with error: StoreError?) { writeFailure = error }

    /// The next `count` swaps of keys find that another process was first.
    func loseSwaps(_ count: Int) { swapsToLose = count }

    /// What happens once a session is opened, before its token is made.
    func onOpen(_ body: @escaping @Sendable () -> Void) { onOpen = body }

    /// Takes a userId away, as `attributes.user_id` of another person would.
    func own(_ number: Int32, by key: IdentityKey) { identities[key] = number }

    /// `revoke-before`.
    func setNotBefore(_ scope: NotBeforeScope, seconds: Int64) { note(.notBefore(scope, seconds)) }

    /// Replaces a session, as a restored backup would.
    func put(_ session: Session) { sessions[session.id] = session }

    /// What a command did to a local account.
    func changeAccount(_ key: IdentityKey) { note(.person(key)) }

    /// Replaces all keys, as a restored backup or another node would.
    func setKeys(_ keys: [StoredKey]) {
        stored = keys
        note(.keys)
    }

    /// Damages the first key.
    func damageKey() { stored[0].wrapped[20] ^= 1 }

    /// Forgets the last changes, as a standby that took over too early would.
    func fallBack(by count: Int64) {
        number -= count
        log.removeAll { $0.number > number }
    }

    private func note(_ change: Change) {
        number += 1
        log.append((number, change))
    }

    private func begin(isWrite: Bool) throws(StoreError) {
        if isWrite { writes += 1 } else { reads += 1 }
        if let failure { throw failure }
        if isWrite, let writeFailure { throw writeFailure }
    }

    // MARK: Sessions

    func open(_ session: Session) async throws(StoreError) -> Session {
        try begin(isWrite: true)
        let key = session.identity.key
        if let mapped = session.identity.mappedUserID {
            guard !identities.contains(where: { $0.value == mapped && $0.key != key }) else {
                throw StoreError(.conflict, "userId \(mapped) is taken")
            }
            identities[key] = mapped
        }
        var session = session
        session.userID = identities[key] ?? Int32(12 + identities.count)
        identities[key] = session.userID
        session.number = nextNumber
        nextNumber += 1
        sessions[session.id] = session
        onOpen()
        return session
    }

    func session(_ id: UUID) async throws(StoreError) -> Session? {
        try begin(isWrite: false)
        return sessions[id]
    }

    func rotate(_ rotation: Rotation) async throws(StoreError) -> Session? {
        try begin(isWrite: true)
        guard var session = sessions[rotation.session], session.isLive(at: rotation.now),
            session.generation == rotation.generation
        else { return nil }
        session.generation += 1
        session.rotatedAt = rotation.now
        if let idleEnd = rotation.idleEnd { session.idleEnd = idleEnd }
        if let identity = rotation.identity { session.identity = identity }
        sessions[session.id] = session
        return session
    }

    func newestSession(of key: IdentityKey, client: String, kind: Session.Kind, now: Timestamp)
        async throws(StoreError) -> Session?
    {
        try begin(isWrite: false)
        return sessions.values
            .filter { $0.identity.key == key && $0.client == client && $0.kind == kind && $0.isLive(at: now) }
            .max { ($0.createdAt, $0.number) < ($1.createdAt, $1.number) }
    }

    func reauthenticate(_ id: UUID, identity: Identity, now: Timestamp) async throws(StoreError) -> Session? {
        try begin(isWrite: true)
        guard var session = sessions[id], session.isLive(at: now) else { return nil }
        session.authenticatedAt = now
        session.identity = identity
        sessions[id] = session
        return session
    }

    func end(_ selection: SessionSelection, now: Timestamp) async throws(StoreError) -> Int {
        try begin(isWrite: true)
        var count = 0
        for var session in sessions.values where session.isLive(at: now) {
            switch selection {
            case .session(let id): guard session.id == id else { continue }
            case .identity(let key): guard session.identity.key == key else { continue }
            case .opened(let key, let moment, let own):
                let isLater = moment.map { session.createdAt > $0 } ?? false
                guard session.identity.key == key, !isLater, session.id != own else { continue }
            }
            session.endedAt = now
            sessions[session.id] = session
            note(.ended(EndedSession(id: session.id, until: session.hardEnd, person: session.identity.key)))
            count += 1
        }
        switch selection {
        case .session: break
        case .identity(let key), .opened(let key, _, _): note(.person(key))
        }
        return count
    }

    // MARK: People

    func userID(of identity: Identity, now: Timestamp) async throws(StoreError) -> Int32 {
        try begin(isWrite: identities[identity.key] == nil)
        if let mapped = identity.mappedUserID,
            identities.contains(where: { $0.value == mapped && $0.key != identity.key })
        {
            throw StoreError(.conflict, "userId \(mapped) is taken")
        }
        let number = identity.mappedUserID ?? identities[identity.key] ?? Int32(12 + identities.count)
        identities[identity.key] = number
        return number
    }

    func sessions(of key: IdentityKey, now: Timestamp, limit: Int) async throws(StoreError) -> [Session] {
        try begin(isWrite: false)
        let live = sessions.values.filter { $0.identity.key == key && $0.isLive(at: now) }
        return Array(live.sorted { ($0.createdAt, $0.number) > ($1.createdAt, $1.number) }.prefix(limit))
    }

    func session(number: Int32) async throws(StoreError) -> Session? {
        try begin(isWrite: false)
        return sessions.values.first { $0.number == number }
    }

    // MARK: Keys

    func keys() async throws(StoreError) -> [StoredKey] {
        try begin(isWrite: false)
        let found = stored
        if heldReading {
            heldReading = false
            isReadingHeld = true
            while isReadingHeld { try? await Task.sleep(for: .milliseconds(2)) }
        }
        return found
    }

    func replaceKeys(
        expected: [StoredKey],
        with keys: [StoredKey],
        removed: [String],
        masterKey: [UInt8]
    ) async throws(StoreError) -> KeySwap {
        try begin(isWrite: true)
        if swapsToLose > 0 {
            swapsToLose -= 1
            return .keysDiffer
        }
        if let check, check != masterKey { return .masterKeyDiffers }
        func face(_ keys: [StoredKey]) -> Set<String> {
            Set(keys.map { "\($0.id) \($0.phase) \($0.tokenLifetime)" })
        }
        guard face(stored) == face(expected) else { return .keysDiffer }
        for key in keys {
            if let index = stored.firstIndex(where: { $0.id == key.id }) {
                stored[index] = key
            } else {
                stored.append(key)
            }
        }
        stored.removeAll { removed.contains($0.id) }
        note(.keys)
        return .done
    }

    func rewrapKeys(_ keys: [StoredKey], from old: [UInt8], to new: [UInt8]) async throws(StoreError) -> KeySwap {
        try begin(isWrite: true)
        guard check == old else { return .masterKeyDiffers }
        guard Set(stored.map(\.id)) == Set(keys.map(\.id)) else { return .keysDiffer }
        for key in keys {
            for index in stored.indices where stored[index].id == key.id { stored[index].wrapped = key.wrapped }
        }
        check = new
        note(.keys)
        return .done
    }

    func masterKeyCheck(orStore value: [UInt8]) async throws(StoreError) -> [UInt8] {
        try begin(isWrite: true)
        let kept = check ?? value
        check = kept
        return kept
    }

    // MARK: Changes

    func changes(after number: Int64, now: Timestamp) async throws(StoreError) -> StoreChanges {
        try begin(isWrite: false)
        var changes = StoreChanges(number: self.number)
        for entry in log where entry.number > number {
            switch entry.change {
            case .ended(let session): if session.until > now { changes.endedSessions.append(session) }
            case .person(let key): if number > 0 { changes.people.append(key) }
            case .notBefore(let scope, let seconds): changes.notBefore.append((scope, seconds))
            case .keys: changes.keysChanged = true
            }
        }
        return changes
    }
}
