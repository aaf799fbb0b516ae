import EventPoller

/// One segment of a connection's pipeline: statements that end with one Sync, and who waits for them.
///
/// Without an explicit BEGIN a segment is one transaction: committed by its Sync, or undone as a whole by its first error.
final class Segment {
    /// The connection it went to, and what was answered there.
    typealias Outcome = Result<(UInt64, [PostgresResult]), PostgresError>

    let id: UInt64
    let statements: [PostgresStatement]
    /// Called once.
    private var finish: ((Outcome) -> Void)?
    var timer: EventPoller.Timer?
    /// The connection it was sent on.
    var connection: UInt64?
    var results: [PostgresResult] = []
    var failure: PostgresError?

    init(
        id: UInt64,
        statements: [PostgresStatement],
        finish: @escaping (Outcome) -> Void
    ) {
        self.id = id
        self.statements = statements
        self.finish = finish
    }

    func end(_ outcome: Outcome) {
        finish.take()?(outcome)
    }
}

/// One connection and its pipeline: what was sent, in order, and what its answers belong to. Owned by one `PostgresCore`,
/// used on the poller's thread alone.
final class PostgresConnection {
    private enum Expected {
        /// An answer to a statement of the segment.
        case statement(Segment)
        /// An answer to a PREPARE or DEALLOCATE of ours; the name is forgotten when it fails.
        case upkeep(String?)
        case sync(Segment?)
    }

    /// What one look at the socket brought.
    enum Progress {
        case alive
        case lost(String)
    }

    let id: UInt64
    let handle: PostgresHandle
    var watch: EventPoller.Watch?
    var isReady = false
    /// Lent to a transaction: nobody else sends on it.
    var isLeased = false
    /// To be closed once nothing is on its way.
    var isRetired = false
    /// The socket was full: watched for writing too.
    var wantsToWrite = false
    private(set) var inFlight = 0
    private var expected = Queue<Expected>()
    private var cache = StatementCache()
    /// Results of the statement at the head have arrived; libpq ends them with a nil.
    private var headHasAnswer = false
    /// Why a statement of the segment at the head could not be prepared.
    private var refusal: PostgresError?

    init(id: UInt64, handle: PostgresHandle) {
        self.id = id
        self.handle = handle
    }

    /// Queues a segment for the server; false when the connection is lost.
    func send(_ segment: Segment) -> Bool {
        segment.connection = id
        inFlight += 1
        var names: [String?] = []
        // Prepared in segments of their own, so that neither undoes the other.
        for statement in segment.statements {
            if statement.values.isEmpty { names.append(nil) } else { names.append(prepared(statement)) }
        }
        var isSent = true
        for (statement, name) in zip(segment.statements, names) {
            expected.append(.statement(segment))
            if let name {
                isSent = isSent && handle.send(prepared: name, statement.values)
            } else {
                isSent = isSent && handle.send(statement.sql)
            }
        }
        expected.append(.sync(segment))
        return isSent && handle.sync()
    }

    private func prepared(_ statement: PostgresStatement) -> String {
        let plan = cache.plan(statement.sql, statement.values)
        for name in plan.drop {
            expected.append(.upkeep(nil))
            expected.append(.sync(nil))
            if !handle.send("DEALLOCATE \(name)") || !handle.sync() { return plan.name }
        }
        if let types = plan.prepare {
            expected.append(.upkeep(plan.name))
            expected.append(.sync(nil))
            if !handle.prepare(plan.name, statement.sql, types) || !handle.sync() { return plan.name }
        }
        return plan.name
    }

    /// Reads all that has arrived; `finished` takes each segment that is through.
    func read(finished: (Segment) -> Void, notified: (PostgresNotification) -> Void) -> Progress {
        // Decrypted bytes may lie in OpenSSL where epoll sees nothing of them. libpq has room for half a record at least, so
        // two reads from an empty socket empty OpenSSL too.
        var reads = handle.usesTLS ? 2 : 1
        while reads > 0 {
            if !handle.usesTLS || !handle.hasBytesToRead { reads -= 1 }
            guard handle.consume() else { return .lost(handle.message) }
            takeAnswers(finished)
            while let notification = handle.notification() { notified(notification) }
        }
        return handle.isAlive ? .alive : .lost(handle.message)
    }

    private func takeAnswers(_ finished: (Segment) -> Void) {
        while let head = expected.first, !handle.isBusy {
            guard let answer = handle.next() else {
                // Nothing more of this statement; before its first answer it only means "not yet".
                guard headHasAnswer else { return }
                headHasAnswer = false
                _ = expected.popFirst()
                continue
            }
            switch (answer, head) {
            case (.sync, .sync(let segment)):
                _ = expected.popFirst()
                guard let segment else { continue }
                refusal = nil
                inFlight -= 1
                finished(segment)
            case (.sync, _), (.skipped, .sync), (.result, .sync):
                return
            case (.failure(let error), .sync(let segment)):
                // The commit itself failed.
                if segment?.failure == nil { segment?.failure = error }
            case (.result(let result), .statement(let segment)):
                headHasAnswer = true
                segment.results.append(result)
            case (.failure(let error), .statement(let segment)):
                headHasAnswer = true
                // A statement that could not be prepared is told why, not only that it does not exist.
                if segment.failure == nil { segment.failure = refusal ?? error }
            case (.failure(let error), .upkeep(let name?)):
                headHasAnswer = true
                cache.forget(name)
                refusal = refusal ?? error
            case (_, .statement), (_, .upkeep):
                headHasAnswer = true
            }
        }
    }
}
