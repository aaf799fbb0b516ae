internal import Logging
internal import Synchronization

/// Writes offline entries down behind the logins that they come from, one after the other.
///
/// A login is answered before its hash is made. As long as neither password nor person has changed and half of the entry's
/// time is left, no hash is made at all. The last password is told from another by sixteen bits of a keyed hash: too few to
/// find it out from a memory dump.
final class OfflineKeeper: Sendable {
    struct Login: Sendable {
        var name: String
        var identity: Identity
        var password: Password
        var proof: UInt16
    }

    private struct State {
        var waiting: [Login] = []
        var current: Login?
        var currentIsVoid = false
        var isRunning = false
        /// What the entry of a name was made of.
        var proofs = AgingTable<String, UInt16>(capacity: ThrottleState.capacity)
    }

    /// Logins beyond are not written down; the next one of the same person may be.
    private static let waitingLimit = 256

    private let store: any OfflineStore
    private let hasher: PasswordHasher
    private let source: SourceID
    private let lifetime: Duration
    private let clock: any WallClock
    private let logger: Logger
    private let digest = ThrottleDigest.random()
    private let state = Mutex(State())

    init(
        store: any OfflineStore,
        hasher: PasswordHasher,
        source: SourceID,
        lifetime: Duration,
        clock: any WallClock,
        logger: Logger
    ) {
        self.store = store
        self.hasher = hasher
        self.source = source
        self.lifetime = lifetime
        self.clock = clock
        self.logger = logger
    }

    /// True while logins wait to be written down.
    var isBusy: Bool { state.withLock { $0.isRunning } }

    /// Notes a login that was let in.
    func remember(_ name: String, _ identity: Identity, _ password: Password) {
        // The state of the credential is part of it: a change is seen even where sixteen bits do not show it.
        let subject = digest.key(.question, name, identity.key.subject, identity.credentialState ?? "")
        let login = Login(
            name: name,
            identity: identity,
            password: password,
            proof: digest.key(of: password, on: subject).proof
        )
        let (mustStart, isDropped) = state.withLock { state -> (Bool, Bool) in
            guard state.waiting.count < Self.waitingLimit else {
                guard state.proofs[name] != login.proof else { return (false, false) }
                // What waits, or is being made, of that name is older.
                state.waiting.removeAll { $0.name == name }
                if state.current?.name == name { state.currentIsVoid = true }
                return (false, true)
            }
            state.waiting.append(login)
            defer { state.isRunning = true }
            return (!state.isRunning, false)
        }
        if isDropped { Task.detached { await self.drop(name) } }
        if mustStart { Task.detached { await self.run() } }
    }

    /// The password may be another one than is kept, and cannot be written down: nothing is better than the old one.
    private func drop(_ name: String) async {
        state.withLock { $0.proofs[name] = nil }
        do throws(StoreError) {
            try await store.forgetOffline(source, name: name, person: nil)
        } catch {
            tell(error)
        }
    }

    private func tell(_ error: StoreError) {
        logger.warning(
            "What is kept for an outage could not be removed; it ends by itself",
            metadata: ["source": "\(source)", "reason": "\(error)"]
        )
    }

    /// Forgets a name, a person, or both: at once, and in the store before it returns.
    func forget(name: String?, person: IdentityKey?) async {
        func concerns(_ login: Login) -> Bool { login.name == name || login.identity.key == person }
        state.withLock { state in
            state.waiting.removeAll(where: concerns)
            if let current = state.current, concerns(current) { state.currentIsVoid = true }
            if let name { state.proofs[name] = nil }
        }
        do throws(StoreError) {
            try await store.forgetOffline(source, name: name, person: person)
        } catch {
            tell(error)
        }
    }

    private func run() async {
        while true {
            let login = state.withLock { state -> Login? in
                state.current = state.waiting.isEmpty ? nil : state.waiting.removeFirst()
                state.currentIsVoid = false
                if state.current == nil { state.isRunning = false }
                return state.current
            }
            guard let login else { return }
            do {
                try await keep(login)
            } catch {
                // The store is down or the threads are busy with people who wait: the next login tries again.
                logger.debug("login not kept for an outage", metadata: ["source": "\(source)", "cause": "\(error)"])
                if state.withLock({ $0.proofs[login.name] != login.proof }) { await drop(login.name) }
            }
        }
    }

    private func keep(_ login: Login) async throws {
        let now = clock.now()
        let kept = try await store.offlineEntry(source, name: login.name)
        let isSame = state.withLock { $0.proofs[login.name] == login.proof }
        // Neither the host that answered nor what it warned of is part of who it is.
        var identity = login.identity
        identity.host = nil
        identity.notice = nil
        if let kept, isSame, !hasher.needsRehash(kept.hash) {
            guard kept.identity != identity || kept.expiresAt < now + lifetime / 2 else { return }
            try await write(login, identity, kept.hash, now)
        } else {
            try await write(login, identity, try await hasher.hash(login.password), now)
        }
    }

    private func write(_ login: Login, _ identity: Identity, _ hash: String, _ now: Timestamp) async throws {
        guard !isVoid else { return }
        try await store.keep(
            OfflineEntry(name: login.name, identity: identity, hash: hash, expiresAt: now + lifetime)
        )
        // A refusal that came meanwhile has removed the entry before it was there.
        guard !isVoid else { return await forget(name: login.name, person: login.identity.key) }
        state.withLock { $0.proofs[login.name] = login.proof }
    }

    private var isVoid: Bool { state.withLock { $0.currentIsVoid } }
}
