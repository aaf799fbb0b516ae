import Synchronization

/// A transaction on a connection of its own. One task at a time uses it.
///
/// A statement that fails dooms it: `commit()` then throws that failure and nothing remains.
public final class PostgresTransaction: Sendable {
    private enum State {
        case new, open, over
    }

    private let core: PostgresCore
    private let lease: UInt64
    private let deadline: ContinuousClock.Instant
    private let state = Mutex(State.new)
    private let failure = Mutex<PostgresError?>(nil)

    init(_ core: PostgresCore, lease: UInt64, deadline: ContinuousClock.Instant) {
        self.core = core
        self.lease = lease
        self.deadline = deadline
    }

    deinit {
        guard state.withLock({ $0 }) != .over else { return }
        let (core, lease) = (core, lease)
        Task { await core.abandon(lease) }
    }

    /// Why it can only be rolled back; nil while all went well.
    public var firstFailure: PostgresError? { failure.withLock { $0 } }

    /// Runs one statement, by the deadline of the transaction.
    public func query(_ sql: String, _ values: [PostgresValue] = []) async throws(PostgresError) -> PostgresResult {
        let statement = PostgresStatement(sql, values)
        try PostgresClient.check(statement)
        let before = state.withLock { state in
            let before = state
            if state == .new { state = .open }
            return before
        }
        guard before != .over else { throw PostgresError(.invalidArgument, "the transaction is over") }
        let statements = before == .new ? [PostgresStatement("BEGIN"), statement] : [statement]
        do throws(PostgresError) {
            let results = try await core.run(statements, on: lease, deadline: deadline)
            guard let result = results.last else {
                throw PostgresError(.connectionLost, "PostgreSQL: an answer without a result", requestWasWritten: true)
            }
            return result
        } catch {
            // Without its COMMIT nothing of the transaction remains on the server, whatever of it was written.
            let error = error.code == .connectionLost ? error.with(requestWasWritten: false) : error
            failure.withLock { $0 = $0 ?? error }
            throw error
        }
    }

    /// Commits, and gives the connection back; durable, as the server understands it, when the call returns.
    /// - Throws: the first failure of a statement, or that of the commit.
    public func commit() async throws(PostgresError) {
        if let failure = firstFailure {
            await rollback()
            throw failure
        }
        let before = end()
        guard before == .open else {
            if before == .new { await core.release(lease, rollback: false) }
            return
        }
        let results: [PostgresResult]
        do throws(PostgresError) {
            results = try await core.run([PostgresStatement("COMMIT")], on: lease, deadline: deadline)
        } catch {
            // One that was not answered has cost the connection, one that failed has rolled back. One that was never sent, because
            // its caller was cancelled, has left all of it open.
            failure.withLock { $0 = error }
            await core.release(lease, rollback: true)
            throw error
        }
        await core.release(lease, rollback: false)
        // A transaction that has failed answers COMMIT with ROLLBACK (PostgreSQL manual, COMMIT).
        guard results.last?.tag == "COMMIT" else {
            throw PostgresError(.server, "PostgreSQL: the transaction was rolled back", requestWasWritten: true)
        }
    }

    /// Undoes it, and gives the connection back; harmless when it is over.
    public func rollback() async {
        switch end() {
        case .new: await core.release(lease, rollback: false)
        case .open: await core.release(lease, rollback: true)
        case .over: break
        }
    }

    private func end() -> State {
        state.withLock { state in
            let before = state
            state = .over
            return before
        }
    }
}
