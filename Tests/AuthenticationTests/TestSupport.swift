import Authentication
import Dispatch
import FoundationEssentials
import Logging
import Synchronization

/// A pool of the test's own: Dispatch's threads, at most `limit` pieces of work under way or waiting.
final class TestPool: WorkPool {
    private let queue = DispatchQueue(label: "hashes", attributes: .concurrent)
    private let limit: Int
    private let busy = Mutex(0)
    private let done = Mutex(0)

    init(limit: Int = 64) { self.limit = limit }

    /// Pieces of work finished so far.
    var finished: Int { done.withLock { $0 } }

    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(WorkPoolFull) -> Value {
        let isTaken = busy.withLock { busy in
            guard busy < limit else { return false }
            busy += 1
            return true
        }
        guard isTaken else { throw WorkPoolFull() }
        let value = await withCheckedContinuation { continuation in
            queue.async { continuation.resume(returning: work()) }
        }
        busy.withLock { $0 -= 1 }
        done.withLock { $0 += 1 }
        return value
    }
}

/// Accounts in memory, with the guarantees the protocol asks of a store.
final class TestStore: AccountStore {
    private let kept = Mutex<[UUID: LocalAccount]>([:])
    private let failure = Mutex<StoreError?>(nil)
    private let hook = Mutex<(@Sendable (UUID) -> Void)?>(nil)

    /// Runs once, after an account was looked up by name: what somebody else does meanwhile.
    func afterLookup(_ action: @escaping @Sendable (UUID) -> Void) { hook.withLock { $0 = action } }

    /// Runs after every such look.
    func afterEachLookup(_ action: @escaping @Sendable (UUID) -> Void) {
        afterLookup { [weak self] id in
            action(id)
            self?.afterEachLookup(action)
        }
    }

    /// Changes an account behind everybody's back.
    func overwrite(_ id: UUID, _ change: (inout LocalAccount) -> Void) {
        kept.withLock { if var account = $0[id] { change(&account); $0[id] = account } }
    }

    /// From now on every call fails so; nil mends it.
    func fail(_ error: StoreError?) { failure.withLock { $0 = error } }

    private func check() throws(StoreError) {
        if let error = failure.withLock({ $0 }) { throw error }
    }

    func account(foldedName: String) async throws(StoreError) -> LocalAccount? {
        try check()
        let found = kept.withLock { $0.values.first { $0.foldedName == foldedName } }
        let action = hook.withLock { action in
            defer { action = nil }
            return action
        }
        if let found { action?(found.id) }
        return found
    }

    func account(id: UUID) async throws(StoreError) -> LocalAccount? {
        try check()
        return kept.withLock { $0[id] }
    }

    func accounts() async throws(StoreError) -> [LocalAccount] {
        try check()
        return kept.withLock { $0.values.sorted { $0.foldedName < $1.foldedName } }
    }

    func insert(
        _ accounts: [LocalAccount],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(StoreError) {
        try check()
        let isNew = kept.withLock { kept in
            let names = Set(kept.values.map(\.foldedName))
            guard accounts.allSatisfy({ !names.contains($0.foldedName) }) else { return false }
            for account in accounts { kept[account.id] = account }
            return true
        }
        if !isNew { throw StoreError(.conflict, "the name is taken") }
    }

    func update(
        id: UUID,
        _ change: @escaping @Sendable (inout LocalAccount) -> Void
    ) async throws(StoreError) -> LocalAccount? {
        try check()
        return kept.withLock { kept in
            guard var account = kept[id] else { return nil }
            change(&account)
            kept[id] = account
            return account
        }
    }

    func replaceHash(of id: UUID, _ old: String, with new: String) async throws(StoreError) -> Bool {
        try check()
        return kept.withLock { kept in
            guard kept[id]?.passwordHash == old else { return false }
            kept[id]?.passwordHash = new
            return true
        }
    }

    func remove(id: UUID) async throws(StoreError) -> Bool {
        try check()
        return kept.withLock { $0.removeValue(forKey: id) != nil }
    }
}

/// Shows the moment it is set to.
final class TestClock: WallClock {
    private let moment: Mutex<Timestamp>
    init(_ moment: Timestamp = Timestamp(seconds: 1_790_000_000)) { self.moment = Mutex(moment) }
    func now() -> Timestamp { moment.withLock { $0 } }
    func set(_ new: Timestamp) { moment.withLock { $0 = new } }
}

/// Store, pool, hasher, service and source, put together as the program does it.
struct LocalFixture {
    let store = TestStore()
    let pool: TestPool
    let clock = TestClock()
    let hasher: PasswordHasher
    let service: AccountService
    let source: LocalAccounts

    init(memory: Int = 64 * 1024, iterations: Int = 1, limit: Int = 64) throws {
        pool = TestPool(limit: limit)
        let parameters = try Argon2Parameters(memory: memory, iterations: iterations)
        hasher = try PasswordHasher(parameters: parameters, pool: pool)
        service = AccountService(store: store, hasher: hasher, clock: clock)
        source = LocalAccounts(
            store: store,
            hasher: hasher,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    func login(_ name: String, _ password: String) async -> AuthenticationResult {
        await source.authenticate(name, password: Password(password), deadline: .now + .seconds(30))
    }
}

extension AuthenticationResult {
    /// The person let in, if one was.
    var identity: Identity? {
        if case .authenticated(let identity) = self { identity } else { nil }
    }

    /// The refusal, if it was one.
    var rejection: Rejection? {
        if case .rejected(let rejection) = self { rejection } else { nil }
    }

    /// The outage, if it was one.
    var outage: Outage? {
        if case .unavailable(let outage) = self { outage } else { nil }
    }
}
