import EventPoller
import Logging

/// The connections of a client, who waits for one, and who is on which. The actor lives on the poller: it is the lock of all
/// its libpq handles, and a readable socket is read where it is noticed.
///
/// Its words: a *segment* is what one caller sends at once, statements that end with one Sync of the protocol and so are one
/// transaction; several segments of several callers are on a connection at a time, in order (a pipeline). A *lease* is a
/// connection that one caller has alone, for a transaction of several steps; what it runs there goes as segments, too. A
/// *demand* is a caller that waits because no connection can take its segment, or be leased, now.
///
/// A caller's segment goes to the connection with the least on its way; a lease takes a whole connection, behind what is on
/// its way there. One connection is kept even when nobody asks, so that an outage ends by itself.
actor PostgresCore {
    /// A caller that waits for a connection: to send a segment, or to have it alone.
    enum Demand {
        case segment(Segment)
        case lease(Segment)

        var segment: Segment {
            switch self {
            case .segment(let segment), .lease(let segment): segment
            }
        }
    }

    nonisolated let poller: EventPoller
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe poller.asUnownedSerialExecutor() }

    let configuration: PostgresConfiguration
    let blocking: BlockingPool
    let logger: Logger
    let tell: @Sendable (PostgresEvent) -> Void
    let dialer: PostgresDialer

    var connections: [UInt64: PostgresConnection] = [:]
    private(set) var segments: [UInt64: Segment] = [:]
    private var waiting = Queue<Demand>()
    private var lastID: UInt64 = 0
    /// A PQcancel is under way.
    var isCancelling = false
    var isClosed = false
    // Reconnecting, in PostgresCore+Connecting.swift.
    var dialing = 0
    var failures = 0
    var lastFailure: PostgresError?
    var downSince: ContinuousClock.Instant?
    /// A call was not answered in time, and no answer has come since: the server hangs, and who asks now is told so at once.
    var stall: PostgresError?
    /// When the server last sent anything.
    var lastSign = ContinuousClock.now
    var retry: EventPoller.Timer?
    var statistics = PostgresStatistics()

    init(
        _ configuration: PostgresConfiguration,
        poller: EventPoller,
        blocking: BlockingPool,
        logger: Logger,
        tell: @escaping @Sendable (PostgresEvent) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.poller = poller
        self.blocking = blocking
        self.logger = logger
        self.tell = tell
        dialer = PostgresDialer(configuration, poller: poller, blocking: blocking)
    }

    isolated deinit {
        for connection in connections.values { if let watch = connection.watch { poller.unwatch(watch) } }
        if let retry { poller.cancel(retry) }
    }

    var hasWaiting: Bool { !waiting.isEmpty }

    func newID() -> UInt64 {
        lastID += 1
        return lastID
    }

    // MARK: callers

    /// Runs statements as one transaction and returns their results once it is committed.
    func run(
        _ statements: [PostgresStatement],
        deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> [PostgresResult] {
        try await wait(statements, deadline) { .segment($0) }.1
    }

    /// Lends a connection. Give it back with `release`.
    func lease(deadline: ContinuousClock.Instant) async throws(PostgresError) -> UInt64 {
        try await wait([], deadline) { .lease($0) }.0
    }

    private func wait(
        _ statements: [PostgresStatement],
        _ deadline: ContinuousClock.Instant,
        _ demand: (Segment) -> Demand
    ) async throws(PostgresError) -> (UInt64, [PostgresResult]) {
        try await park(statements, deadline) { segment in
            if let refusal = refusal() { return end(segment, .failure(refusal)) }
            let demand = demand(segment)
            if waiting.isEmpty, serve(demand) { return }
            guard waiting.count < configuration.waitingLimit else {
                end(segment, .failure(PostgresError(.overloaded, "too many callers wait for PostgreSQL")))
                return
            }
            waiting.append(demand)
            grow()
        }
    }

    /// Runs statements on a connection that was lent.
    func run(
        _ statements: [PostgresStatement],
        on lease: UInt64,
        deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> [PostgresResult] {
        try await park(statements, deadline) { segment in
            guard let connection = connections[lease] else {
                let why = "the connection of this transaction was lost"
                return end(segment, .failure(PostgresError(.connectionLost, why)))
            }
            send(segment, on: connection)
        }.1
    }

    /// Takes a connection back.
    /// - Parameter rollback: a transaction is open on it: it is undone before anybody else's turn.
    func release(_ lease: UInt64, rollback: Bool) {
        guard let connection = connections[lease] else { return }
        connection.isLeased = false
        if rollback {
            let segment = Segment(id: newID(), statements: [PostgresStatement("ROLLBACK")]) { _ in }
            send(segment, on: connection)
        }
        closeIfRetired(connection)
        serveWaiting()
    }

    /// Gives up a lent connection whose transaction nobody wants to end in order.
    func abandon(_ lease: UInt64) {
        guard let connection = connections[lease] else { return }
        discard(connection, PostgresError(.cancelled, "the transaction was given up", requestWasWritten: true))
    }

    /// Parks the caller for what `begin` does in the same turn: what it decides by may be otherwise after an `await`.
    private func park(
        _ statements: [PostgresStatement],
        _ deadline: ContinuousClock.Instant,
        _ begin: (Segment) -> Void
    ) async throws(PostgresError) -> (UInt64, [PostgresResult]) {
        let id = newID()
        let outcome: Segment.Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let segment = Segment(id: id, statements: statements) { continuation.resume(returning: $0) }
                segment.timer = poller.schedule(at: deadline) { [weak self] in
                    self?.assumeIsolated { $0.giveUp(id, .timeout) }
                }
                segments[id] = segment
                // Before it was there nobody could give it up.
                if Task.isCancelled { return giveUp(id, .cancelled) }
                begin(segment)
            }
        } onCancel: {
            Task { await giveUp(id, .cancelled) }
        }
        return try outcome.get()
    }

    /// Why a new caller is not even let wait.
    private func refusal() -> PostgresError? {
        if isClosed { return PostgresError(.closed, "the PostgreSQL client is closed") }
        if let stall { return stall.with(requestWasWritten: false) }
        guard let downSince, let lastFailure, ContinuousClock.now - downSince > configuration.patience else {
            return nil
        }
        return lastFailure.with(requestWasWritten: false)
    }

    /// The deadline has passed, or the caller does not want the answer any more.
    private func giveUp(_ id: UInt64, _ code: PostgresError.Code) {
        guard let segment = segments[id] else { return }
        guard let place = segment.connection, let connection = connections[place] else {
            waiting.removeAll { $0.segment.id == id }
            let cause = code == .timeout && downSince != nil ? lastFailure : nil
            let why = code == .cancelled ? "cancelled before it was sent" : "no connection was free (\(code))"
            end(segment, .failure(cause ?? PostgresError(code, "PostgreSQL: \(why)")))
            return
        }
        let error = PostgresError(code, "PostgreSQL: no answer in time (\(code))", requestWasWritten: true)
        end(segment, .failure(error))
        // What is on its way with others goes on for them, and its answer is dropped. But a server that does not answer in
        // time is no good for the others either, and a transaction nobody ends would keep its locks.
        if code == .timeout || connection.isLeased { discard(connection, error) }
        // While it answers others, one statement was slow or waits for a lock.
        if code == .timeout, !isClosed, ContinuousClock.now - lastSign > configuration.patience { suspect(error) }
    }

    /// Asks on all connections whether the server hangs; the first answer says that it does not.
    private func suspect(_ error: PostgresError) {
        guard stall == nil else { return }
        stall = error
        logger.warning("PostgreSQL does not answer", metadata: ["reason": "\(error.message)"])
        for connection in connections.values where connection.isReady && !connection.isLeased {
            let (id, place) = (newID(), connection.id)
            let question = Segment(id: id, statements: [PostgresStatement("SELECT 1")]) { _ in }
            question.timer = poller.schedule(at: .now + configuration.patience) { [weak self] in
                self?.assumeIsolated { core in
                    guard core.segments[id] != nil, let connection = core.connections[place] else { return }
                    core.discard(connection, error)
                }
            }
            register(question)
            send(question, on: connection)
        }
        grow()
    }

    func register(_ segment: Segment) { segments[segment.id] = segment }

    func end(_ segment: Segment, _ outcome: Segment.Outcome) {
        guard segments.removeValue(forKey: segment.id) != nil else { return }
        if let timer = segment.timer { poller.cancel(timer) }
        segment.end(outcome)
    }

    // MARK: whose turn it is

    /// False when the demand must wait.
    private func serve(_ demand: Demand) -> Bool {
        guard let connection = leastBusy() else { return false }
        switch demand {
        case .segment(let segment):
            send(segment, on: connection)
        case .lease(let segment):
            connection.isLeased = true
            end(segment, .success((connection.id, [])))
        }
        // The next caller finds a connection of its own sooner than a place in somebody's pipeline.
        if leastBusy()?.inFlight != 0 { grow() }
        return true
    }

    private func leastBusy() -> PostgresConnection? {
        var best: PostgresConnection?
        for connection in connections.values where connection.isReady && !connection.isLeased && !connection.isRetired {
            if connection.inFlight < best?.inFlight ?? configuration.depth { best = connection }
        }
        return best
    }

    func serveWaiting() {
        while let next = waiting.first, serve(next) { _ = waiting.popFirst() }
    }

    /// Closes everything; everybody who waits is told.
    func shutDown() {
        guard !isClosed else { return }
        isClosed = true
        if let retry { poller.cancel(retry) }
        retry = nil
        let error = PostgresError(.closed, "the PostgreSQL client is closed")
        for connection in connections.values { close(connection, error) }
        waiting = Queue()
        for segment in segments.values { end(segment, .failure(error)) }
    }

    /// The same, and returns when no thread is at work for it any more.
    func close() async {
        shutDown()
        await dialer.close()
    }

    /// Tells everybody who waits for a connection that there will be none soon.
    func refuseWaiting(_ error: PostgresError) {
        while let demand = waiting.popFirst() { end(demand.segment, .failure(error)) }
    }

    func currentStatistics() -> PostgresStatistics {
        var now = statistics
        now.connections = connections.count
        now.waiting = waiting.count
        now.inFlight = segments.count
        return now
    }
}
