internal import Authentication
internal import FoundationEssentials
internal import Synchronization

/// Does again what the store did not take, after ever longer pauses; so much of it at a time.
final class StoreRetries: Sendable {
    /// As long as an outage lasts that somebody is at work on.
    static let pauses: [Duration] = [1, 2, 5, 10, 30, 60, 120, 300].map { .seconds($0) }
    /// What fails beyond is told in the log only.
    private static let limit = 1000

    private let pauses: [Duration]
    private let waiting = Mutex<Set<UUID>>([])

    init(pauses: [Duration]) {
        self.pauses = pauses
    }

    /// Tries until it succeeds or there are no more pauses.
    ///
    /// - Parameters:
    ///   - id: what it is about; of that nothing else may be waiting.
    ///   - failure: what the first attempt came to.
    ///   - attempt: nil when it succeeded.
    ///   - end: told what the last attempt came to.
    /// - Returns: false when it is not tried at all.
    @discardableResult
    func begin(
        _ id: UUID = .fresh(),
        after failure: StoreError,
        _ attempt: @escaping @Sendable () async -> StoreError?,
        end: @escaping @Sendable (StoreError?) -> Void
    ) -> Bool {
        let mayWait = waiting.withLock { $0.count < Self.limit && $0.insert(id).inserted }
        guard mayWait else { return false }
        Task.detached { [self] in
            var last: StoreError? = failure
            for pause in pauses {
                try? await Task.sleep(for: pause)
                last = await attempt()
                if last == nil { break }
            }
            waiting.withLock { _ = $0.remove(id) }
            end(last)
        }
        return true
    }
}
