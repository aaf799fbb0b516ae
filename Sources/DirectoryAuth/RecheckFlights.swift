internal import Authentication
internal import Synchronization

/// Re-checks on their way, so that many refreshes of one person at the same time are one question to the directory.
///
/// Whoever comes while one is under way gets its answer, which is as fresh as if it had come a moment sooner; nothing is
/// remembered beyond that. The question belongs to nobody who waits: a caller who goes away takes it from no other.
final class RecheckFlights: Sendable {
    /// What makes two questions the same.
    struct Question: Sendable, Hashable {
        var key: IdentityKey
        var locator: String?
        var credentialState: String?
    }

    private let flights = Mutex<[Question: Task<RecheckResult, Never>]>([:])

    /// The answer of the question under way, or of `ask`.
    func answer(
        _ question: Question,
        _ ask: @escaping @Sendable () async -> RecheckResult
    ) async -> RecheckResult {
        let task = flights.withLock { flights in
            if let task = flights[question] { return task }
            let task = Task {
                let answer = await ask()
                _ = self.flights.withLock { $0.removeValue(forKey: question) }
                return answer
            }
            flights[question] = task
            return task
        }
        return await task.value
    }
}
