public import Logging

/// A directory whose outages are bridged: who was let in within `offline_cache` is let in again with the same password.
///
/// Only while the directory cannot be asked. Whatever it refuses, it refuses at once, and nothing is kept of it.
public struct OfflineDirectory: DirectorySource {
    private let directory: any DirectorySource
    private let store: any OfflineStore
    private let hasher: PasswordHasher
    private let clock: any WallClock
    private let logger: Logger
    private let keeper: OfflineKeeper
    private let watch = DeadlineWatch()

    /// What is kept of the time for a look into the store and one hash.
    private static let reserve = Duration.seconds(1)

    /// `directory`, bridged for `lifetime` after each login.
    public init(
        _ directory: any DirectorySource,
        lifetime: Duration,
        store: any OfflineStore,
        hasher: PasswordHasher,
        clock: any WallClock = SystemWallClock(),
        logger: Logger
    ) {
        self.directory = directory
        self.store = store
        self.hasher = hasher
        self.clock = clock
        self.logger = logger
        keeper = OfflineKeeper(
            store: store,
            hasher: hasher,
            source: directory.id,
            lifetime: lifetime,
            clock: clock,
            logger: logger
        )
    }

    /// The directory's.
    public var id: SourceID { directory.id }

    /// The directory's.
    public var name: String { directory.name }

    /// The directory's.
    public var domains: [String] { directory.domains }

    /// The directory's.
    public var isActiveDirectory: Bool { directory.isActiveDirectory }

    /// True while logins wait to be written down; for tests.
    var isBusy: Bool { keeper.isBusy }

    /// Asks the directory, and only when it cannot be asked what is kept.
    public func authenticate(
        _ username: String,
        password: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> AuthenticationResult {
        let name = keptName(username)
        let left = deadline - .now
        let end = deadline - min(Self.reserve, left / 4)
        let directory = directory
        let answer = await watch.value(until: end) {
            await directory.authenticate(username, password: password, deadline: end, gate: gate)
        }
        switch answer ?? .unavailable(Outage(sources: [id], detail: "\(self.name): no answer in time")) {
        case .authenticated(let identity):
            keeper.remember(name, identity, password)
            return .authenticated(identity)
        case .rejected(let rejection):
            // A wait is the throttle's word, not the directory's.
            if rejection.wait == nil { await keeper.forget(name: name, person: rejection.key) }
            return .rejected(rejection)
        case .unavailable(let outage):
            return outage.isOverload ? .unavailable(outage) : await bridge(outage, name, password, gate)
        }
    }

    /// Asks the directory, which alone can say whether the person may be let in; whoever may not is not kept either.
    public func authenticate(
        _ principal: SignOnPrincipal,
        deadline: ContinuousClock.Instant
    ) async -> AuthenticationResult {
        let answer = await directory.authenticate(principal, deadline: deadline)
        if case .rejected(let rejection) = answer, let person = rejection.key {
            await keeper.forget(name: nil, person: person)
        }
        return answer
    }

    /// Asks the directory; whoever may not go on is not kept either.
    public func recheck(
        _ key: IdentityKey,
        username: String,
        locator: String?,
        credentialState: String?,
        deadline: ContinuousClock.Instant
    ) async -> RecheckResult {
        let answer = await directory.recheck(
            key,
            username: username,
            locator: locator,
            credentialState: credentialState,
            deadline: deadline
        )
        switch answer {
        case .ended, .passwordChanged: await keeper.forget(name: nil, person: key)
        case .current, .unavailable, .impossible: break
        }
        return answer
    }

    /// Changes it at the directory, which an outage makes impossible; whoever it refuses is not kept either.
    public func changePassword(
        of account: SourceAccount,
        from old: Password,
        to new: Password,
        deadline: ContinuousClock.Instant,
        gate: any LoginGate
    ) async -> PasswordChangeResult {
        let answer = await directory.changePassword(of: account, from: old, to: new, deadline: deadline, gate: gate)
        if case .rejected(let rejection) = answer, rejection.wait == nil, let person = rejection.key {
            await keeper.forget(name: nil, person: person)
        }
        return answer
    }

    /// Forgets the old password.
    public func passwordChanged(of person: IdentityKey) async {
        await keeper.forget(name: nil, person: person)
        await directory.passwordChanged(of: person)
    }

    /// As the entry's key: two people whose names fold alike never share a password, so at most one of them is bridged.
    private func keptName(_ username: String) -> String {
        let name = LoginName(username)
        return UsernameFolding.fold(name.belongs(to: domains) ? name.user : name.text)
    }

    /// The outage stays one for everybody but those whose password is kept, and takes one hash for whoever it is.
    private func bridge(
        _ outage: Outage,
        _ name: String,
        _ password: Password,
        _ gate: any LoginGate
    ) async -> AuthenticationResult {
        do {
            guard let entry = try await store.offlineEntry(id, name: name), clock.now() < entry.expiresAt else {
                try await hasher.verifyNothing(password)
                return .unavailable(outage)
            }
            if await gate.answer(insteadOf: entry.identity.key) != nil {
                // Who has to wait waits no less long for the answer than others do.
                try await hasher.verifyNothing(password)
                return .unavailable(outage)
            }
            guard try await hasher.verify(password, against: entry.hash) else {
                var outage = outage
                outage.refusal = Rejection(.wrongPassword, source: id, key: entry.identity.key)
                return .unavailable(outage)
            }
            var identity = entry.identity
            identity.isOffline = true
            return .authenticated(identity)
        } catch {
            // Neither a store that is down nor busy threads make it another outage than it is.
            logger.debug("outage not bridged", metadata: ["source": "\(id)", "cause": "\(error)"])
            return .unavailable(outage)
        }
    }
}
