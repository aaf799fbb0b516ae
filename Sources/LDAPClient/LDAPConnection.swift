import CLDAP
import EventPoller
import Glibc

/// One connection to a server. The actor lives on the poller, so it is the lock of its libldap handle, and a readable
/// socket is read where it is noticed.
///
/// The socket is watched edge-triggered for reading and writing at once: libldap does not tell when a half-written request
/// is through, and an edge needs no such knowledge. In return `drain` reads until libldap and the socket have nothing more.
///
/// Of its state these combinations exist:
/// - *Shaking hands*: `handshakeSocket` is set and `watch` is not; the blocking pool has the handle, and nothing is sent. A
///   handshake that is given up takes the handle along, and nobody uses the connection.
/// - *Alive*: `handle` and `watch` are set, `loss` is nil. What libldap cannot take yet waits in `unsent`, mostly because it
///   has a request `halfWritten`. `isSuspect` and `isRetired` belong here and are independent of each other: the first ends
///   with the next message, the second with the last answer, and then the connection is lost.
/// - *Lost*: `loss` is set for good; `handle`, `watch` and `onLoss` are nil, `table` and `unsent` empty.
actor LDAPConnection {
    /// How an operation ended; a result that is not success is no error here.
    struct Reply {
        var result: ServerResult
        var entries: [LDAPEntry] = []
        var references = 0
        var isCut = false
    }

    struct Caller {
        let continuation: CheckedContinuation<Result<Reply, LDAPError>, Never>
        let timer: EventPoller.Timer
        let since: ContinuousClock.Instant
    }

    struct Unsent {
        let id: UInt64
        let write: (LDAPHandle) -> SendOutcome
    }

    /// Messages read before others on the poller get their turn.
    private static let messagesPerTurn = 128
    /// Requests in flight; more are refused. Far above what `LDAPHost` lets through in practice.
    static let operationLimit = 4096
    /// Unsolicited notifications that are no notice of disconnection have no business in numbers.
    private static let unsolicitedLimit = 16

    nonisolated let poller: EventPoller
    nonisolated let id: Int
    /// The URL, for messages.
    nonisolated let place: String
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe poller.asUnownedSerialExecutor() }

    var handle: LDAPHandle?
    var watch: EventPoller.Watch?
    var handshakeSocket: OpenDescriptor?
    private var table = OperationTable<Caller>()
    private var unsent = Queue<Unsent>()
    /// The request libldap has not written completely, as far as is known.
    private var halfWritten: Int32?
    private var unsolicited = 0
    private var onLoss: (@Sendable (LDAPError) -> Void)?
    /// slapd keeps the state of one paged search per connection; the pages of two would take each other's place ("paged
    /// results cookie is invalid"). So a second paged search waits until the first is through.
    var paging = TurnQueue(capacity: 1)

    /// Why the connection is unusable; nil while it is alive.
    private(set) var loss: LDAPError?
    /// When a message last arrived.
    private(set) var lastHeard = ContinuousClock.now
    /// True after an operation timed out and nothing at all was heard since it was sent: perhaps nobody is there any more.
    private(set) var isSuspect = false

    /// Closed as soon as nothing is in flight.
    private var isRetired = false
    /// It was retired and has closed by itself, which is no loss.
    private(set) var hasEndedRetired = false

    init(id: Int, place: String, handle: LDAPHandle, poller: EventPoller) {
        self.id = id
        self.place = place
        self.handle = handle
        self.poller = poller
    }

    isolated deinit {
        if let watch { poller.unwatch(watch) }
    }

    var inFlight: Int { table.count }

    /// Since when nothing is in flight and nothing was heard; nil while something is.
    var idleSince: ContinuousClock.Instant? { table.isEmpty ? lastHeard : nil }

    /// Called once, when the connection is lost; at once if it is.
    func whenLost(_ handler: @escaping @Sendable (LDAPError) -> Void) {
        if let loss { handler(loss) } else { onLoss = handler }
    }

    /// Begins to watch the socket, which must not block.
    func startWatching() throws(LDAPError) {
        guard let handle, let descriptor = handle.descriptor else { throw loss ?? gone("closed") }
        do {
            watch = try poller.watch(descriptor, for: [.readable, .writable], trigger: .edge) { [weak self] readiness in
                self?.assumeIsolated { $0.drain(isClosed: readiness.contains(.closed)) }
            }
        } catch {
            throw LDAPError(.connect, "\(place): \(error)")
        }
    }

    func stopWatching() {
        if let watch { poller.unwatch(watch) }
        watch = nil
    }

    /// Ends the connection; every caller gets `error`, told whether its request had been written.
    func close(_ error: LDAPError) {
        guard loss == nil else { return }
        loss = error
        stopWatching()
        handle = nil
        handshakeSocket?.shutDown()
        unsent = Queue()
        for operation in table.removeAll() {
            resume(operation, .failure(error.with(requestWasWritten: operation.messageID != nil)))
        }
        paging.failAll(error)
        let handler = onLoss
        onLoss = nil
        handler?(error)
    }

    /// Lets what is in flight end, then closes.
    func retire() {
        isRetired = true
        closeIfRetired()
    }

    /// Between two pages nothing is in flight, and more is to come.
    func closeIfRetired() {
        guard isRetired, table.isEmpty, paging.isEmpty, loss == nil else { return }
        hasEndedRetired = true
        close(gone("retired"))
    }

    nonisolated func gone(_ why: String) -> LDAPError {
        LDAPError(.connectionLost, "\(place): connection lost: \(why)")
    }

    // MARK: requests

    /// Sends a request and waits for what ends it.
    /// - Parameter write: called at once, or, for a search, when an earlier request is through.
    func perform(
        _ kind: OperationKind,
        limits: OperationTable<Caller>.SearchLimits = .init(),
        deadline: ContinuousClock.Instant,
        write: @escaping (LDAPHandle) -> SendOutcome
    ) async throws(LDAPError) -> Reply {
        let id = table.nextID()
        let outcome: Result<Reply, LDAPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // Here, where nobody else has a turn before it is sent.
                if let refusal = refusal(of: kind, deadline) {
                    return continuation.resume(returning: .failure(refusal))
                }
                let timer = poller.schedule(at: deadline) { [weak self] in
                    self?.assumeIsolated { $0.giveUp(id, .timeout) }
                }
                table.begin(
                    id,
                    kind,
                    limits: limits,
                    context: Caller(continuation: continuation, timer: timer, since: .now)
                )
                if !unsent.isEmpty || !send(Unsent(id: id, write: write)) {
                    unsent.append(Unsent(id: id, write: write))
                }
            }
        } onCancel: {
            poller.perform { [weak self] in self?.assumeIsolated { $0.giveUp(id, .cancelled) } }
        }
        return try outcome.get()
    }

    /// False when an earlier request is still being written.
    private func send(_ request: Unsent) -> Bool {
        guard let handle, table.contains(request.id) else { return true }
        switch request.write(handle) {
        case .written(let messageID, let isComplete):
            table.written(request.id, messageID: messageID)
            halfWritten = isComplete ? nil : messageID
            return true
        case .busy:
            return false
        case .failed(let why, let isInvalid):
            if isInvalid, let operation = table.remove(request.id) {
                resume(operation, .failure(LDAPError(.invalidArgument, "\(place): \(why)")))
            } else {
                close(gone(why))
            }
            return true
        }
    }

    private func sendUnsent() {
        while let next = unsent.first, send(next) { _ = unsent.popFirst() }
    }

    /// The deadline has passed, or the caller does not want the answer any more.
    private func giveUp(_ id: UInt64, _ code: LDAPError.Code) {
        guard let operation = table.remove(id) else { return }
        let error = LDAPError(
            code,
            code == .timeout ? "\(place): no answer in time" : "\(place): cancelled",
            requestWasWritten: operation.messageID != nil
        )
        if code == .timeout, operation.messageID != nil, lastHeard < operation.context.since {
            isSuspect = true
            // Before the turn to page is free: the next one would send his search where nobody answers.
            paging.failAll(gone("no answer in time"))
        }
        resume(operation, .failure(error))
        guard let messageID = operation.messageID else {
            unsent.removeAll { $0.id == id }
            return
        }
        // A bind cannot be abandoned (RFC 4511 §4.11), and who is bound is unknown now.
        if operation.kind == .search { abandon(messageID) } else { close(error) }
    }

    private func abandon(_ messageID: Int32) {
        // libldap would put the abandon into the midst of a request half written: its late answers are dropped instead.
        guard halfWritten == nil, let handle else { return }
        if !handle.abandon(messageID) { close(gone("an abandon could not be written")) }
    }

    private func resume(_ operation: OperationTable<Caller>.Operation, _ outcome: Result<Reply, LDAPError>) {
        poller.cancel(operation.context.timer)
        operation.context.continuation.resume(returning: outcome)
        closeIfRetired()
    }

    // MARK: answers

    /// Learns what has become of the connection while nobody asked. One look at the socket where nothing has, as is usual.
    func look() {
        guard let handle else { return }
        switch handle.waiting {
        case .nothing where halfWritten == nil && unsent.isEmpty: break
        case .nothing, .octets: drain()
        case .end: drain(isClosed: true)
        }
    }

    /// Reads what there is. Also the way to learn whether an idle connection still lives.
    func drain(isClosed: Bool = false) {
        for _ in 0..<Self.messagesPerTurn {
            guard let handle else { return }
            switch handle.read() {
            case .message(let message):
                lastHeard = .now
                isSuspect = false
                take(message)
                // While a request is half written only "nothing" proves that libldap looked at the socket.
                guard halfWritten == nil, !isClosed, self.handle?.hasMore != true else { continue }
                // The answer may have cleared the way for those behind it, and no other edge need come.
                if !unsent.isEmpty { sendUnsent() }
                return
            case .nothing:
                sendUnsent()
                // libldap also says "nothing" after a message that it threw away: there may be more behind it.
                if self.handle?.hasMore == true { continue }
                if isClosed { close(gone("closed by the server")) }
                return
            case .lost(let why):
                close(gone(why))
                return
            }
        }
        _ = poller.schedule(at: .now) { [weak self] in self?.assumeIsolated { $0.drain(isClosed: isClosed) } }
    }

    private func take(_ message: ServerMessage) {
        switch message {
        case .entry(let messageID, let entry):
            switch table.received(entry, for: messageID) {
            case .goOn, .unknown:
                break
            case .enough(let operation):
                abandon(messageID)
                finish(operation, ServerResult(code: .success), isCut: true)
            case .tooLarge(let operation):
                abandon(messageID)
                let why = "\(place): the answer takes more than \(operation.limits.bytes) octets of memory"
                resume(operation, .failure(LDAPError(.responseTooLarge, why, requestWasWritten: true)))
            case .violation:
                close(gone("the server sent an entry for what is no search"))
            }
        case .reference(let messageID):
            table.receivedReference(for: messageID)
        case .result(let messageID, let kind, let result):
            if halfWritten == messageID { halfWritten = nil }
            switch table.finish(messageID, kind) {
            case .ended(let operation): finish(operation, result, isCut: false)
            case .unknown: break
            case .violation: close(gone("the server sent an answer of the wrong kind"))
            }
        case .unsolicited(let result):
            tell(result)
        case .other:
            break
        }
    }

    private func finish(_ operation: OperationTable<Caller>.Operation, _ result: ServerResult, isCut: Bool) {
        let reply = Reply(
            result: result,
            entries: operation.entries,
            references: operation.references,
            isCut: isCut
        )
        resume(operation, .success(reply))
    }

    /// A notice of disconnection (RFC 4511 §4.4.1) says why the server is about to close; anything else is dropped.
    private func tell(_ notice: ServerResult) {
        unsolicited += 1
        if notice.code != .success {
            let why = notice.diagnosticMessage.isEmpty ? "result \(notice.code)" : notice.diagnosticMessage
            close(gone("the server says it disconnects: \(why)"))
        } else if unsolicited > Self.unsolicitedLimit {
            close(gone("the server sends unsolicited messages without end"))
        }
    }
}
