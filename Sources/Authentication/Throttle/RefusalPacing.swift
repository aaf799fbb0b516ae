internal import Synchronization

/// Answers refusals no sooner than others of the same kind of question, so that their time does not tell who exists.
///
/// Nothing is held while a refusal waits but its own task: the bind connection, the hash's thread and the place in the
/// throttle have been given back. Successes do not wait.
final class RefusalPacing: Sendable {
    /// More kinds of questions than any configuration asks.
    private static let limit = 1024

    private let times = Mutex<[[SourceID]: RefusalTimes]>([:])

    /// Waits until a refusal that began at `start` may be answered.
    ///
    /// - Parameters:
    ///   - question: the sources that may be asked; refusals of one question are alike.
    ///   - kind: what it is; nil when nobody was asked, which tells nothing of the time it takes.
    func pace(_ question: [SourceID], _ kind: RefusalTimes.Class?, since start: ContinuousClock.Instant) async {
        let taken = ContinuousClock.now - start
        let floor = times.withLock { times in
            var known = times[question] ?? RefusalTimes()
            if let kind {
                known.add(taken, kind)
                if times[question] != nil || times.count < Self.limit { times[question] = known }
            }
            return known.floor
        }
        let end = min(floor + floor * Double.random(in: 0...0.1), RefusalTimes.longest)
        guard taken < end else { return }
        // Cancelled: nobody waits for the answer any more.
        try? await Task.sleep(until: start + end, clock: .continuous)
    }
}
