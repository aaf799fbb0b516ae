import EventPoller
import Logging

/// The connections to one host: which are open, who uses them, who waits, and when they are closed.
///
/// The two pools' rules are in `ServicePoolState` and `BindPoolState`; here they meet sockets and time. It lives on the
/// poller with its connections: lending one is a function call.
actor HostConnections {
    enum Role: Sendable {
        case service, bind
    }

    typealias Lent = (connection: LDAPConnection, idleSince: ContinuousClock.Instant?)

    private struct Waiter {
        let continuation: CheckedContinuation<Result<Lent, LDAPError>, Never>
        let timer: EventPoller.Timer
    }

    nonisolated let poller: EventPoller
    nonisolated let settings: LDAPHostSettings
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe poller.asUnownedSerialExecutor() }

    let dialer: LDAPDialer
    let logger: Logger
    let events: (@Sendable (LDAPHostEvent) -> Void)?
    private let limiter = DiagnosisLimiter()
    var diagnosis: Task<TLSFailure?, Never>?

    var binds: BindPoolState
    var services: ServicePoolState
    var held: [Int: (connection: LDAPConnection, role: Role)] = [:]
    private var waiters: [UInt64: Waiter] = [:]
    var dials: [Int: (task: Task<Void, Never>, role: Role)] = [:]
    /// Dials that nobody waits for any more, whatever comes of them.
    var abandoned: Set<Int> = []
    private var lastConnection = 0
    private var lastWaiter: UInt64 = 0
    var sweep: EventPoller.Timer?
    var counters = LDAPHostStatistics()
    var isShutDown = false
    /// What has been idle since before this is asked whether anybody is still there before it is used.
    var distrusted: ContinuousClock.Instant?

    init(dialer: LDAPDialer, logger: Logger, events: (@Sendable (LDAPHostEvent) -> Void)?) {
        self.dialer = dialer
        self.logger = logger
        self.events = events
        settings = dialer.settings
        poller = dialer.poller
        binds = BindPoolState(limit: settings.bindConnections, waiterLimit: settings.waiterLimit)
        services = ServicePoolState(limit: settings.serviceConnections, waiterLimit: settings.waiterLimit)
    }

    isolated deinit {
        if let sweep { poller.cancel(sweep) }
    }

    nonisolated func operationDeadline(_ deadline: ContinuousClock.Instant) -> ContinuousClock.Instant {
        min(deadline, .now + settings.operationTimeout)
    }

    var statistics: LDAPHostStatistics {
        var now = counters
        now.serviceOpen = services.open
        now.serviceInFlight = services.inFlight
        now.serviceWaiting = services.waiting
        now.bindOpen = binds.open
        now.bindInUse = binds.lent.count
        now.bindIdle = binds.idle.count
        now.bindWaiting = binds.waiting
        now.certificateExpiry = dialer.peerCertificate.notAfter
        return now
    }

    func nextConnectionID() -> Int {
        lastConnection += 1
        return lastConnection
    }

    // MARK: waiting

    /// What a pool decided about a request.
    enum Decision {
        case now(LDAPConnection, idleSince: ContinuousClock.Instant?)
        case wait(dials: Bool)
        case refuse
    }

    /// Lends a connection, or parks the caller until `hand` gives it one.
    ///
    /// Asking the pool and being parked are one turn: a task that prefers an executor lets others in at each `await`, and a
    /// connection given back then would be handed to somebody who is not there yet.
    func take(
        _ role: Role,
        deadline: ContinuousClock.Instant,
        after lost: Int? = nil
    ) async throws(LDAPError) -> Lent {
        lastWaiter += 1
        let id = lastWaiter
        let outcome: Result<Lent, LDAPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if isShutDown { return continuation.resume(returning: .failure(shutDownError)) }
                if Task.isCancelled { return continuation.resume(returning: .failure(cancelled)) }
                switch request(role, id, lost) {
                case .now(let connection, let since):
                    continuation.resume(returning: .success((connection, since)))
                case .refuse:
                    let why = "\(settings.url): \(waiters.count) requests wait for a connection"
                    continuation.resume(returning: .failure(LDAPError(.overloaded, why)))
                case .wait(let dials):
                    let timer = poller.schedule(at: deadline) { [weak self] in
                        self?.assumeIsolated { $0.giveUp(role, id, $0.outOfTime(role)) }
                    }
                    waiters[id] = Waiter(continuation: continuation, timer: timer)
                    if dials { dial(role) }
                }
            }
        } onCancel: {
            poller.perform { [weak self] in self?.assumeIsolated { $0.giveUp(role, id, $0.cancelled) } }
        }
        return try outcome.get()
    }

    private var cancelled: LDAPError {
        LDAPError(.cancelled, "\(settings.url): cancelled while waiting for a connection")
    }

    private func request(_ role: Role, _ id: UInt64, _ lost: Int?) -> Decision {
        switch role {
        case .bind:
            switch binds.request(id) {
            case .lend(let number, let since):
                guard let connection = held[number]?.connection else {
                    // Lost while it was idle: its place must not stay taken.
                    if binds.closed(number) { dial(.bind) }
                    return request(role, id, lost)
                }
                return .now(connection, idleSince: since)
            case .wait(let dials): return .wait(dials: dials)
            case .refuse: return .refuse
            }
        case .service:
            switch services.request(id, after: lost) {
            case .use(let number, let dials):
                if dials { dial(.service) }
                guard let connection = held[number]?.connection else { return .refuse }
                return .now(connection, idleSince: connection.assumeIsolated { $0.idleSince })
            case .wait(let dials): return .wait(dials: dials)
            case .refuse: return .refuse
            }
        }
    }

    /// Who waited with no connection open waited for the server; with some open, for those before him.
    private func outOfTime(_ role: Role) -> LDAPError {
        let open = role == .bind ? binds.open : services.open
        let cause = open > 0 ? "no connection was free in time" : "no answer in time while connecting"
        return LDAPError(.timeout, "\(settings.url): \(cause)")
    }

    private func giveUp(_ role: Role, _ id: UInt64, _ error: LDAPError) {
        guard waiters[id] != nil else { return }
        if role == .bind { binds.giveUp(id) } else { services.giveUp(id) }
        hand(id, .failure(error))
    }

    func hand(_ id: UInt64, _ outcome: Result<LDAPConnection, LDAPError>) {
        guard let waiter = waiters.removeValue(forKey: id) else { return }
        poller.cancel(waiter.timer)
        waiter.continuation.resume(returning: outcome.map { ($0, nil) })
    }

    /// A bind connection is free: for the next who waits, or for the stack.
    func place(_ placement: BindPoolState.Placement, _ connection: LDAPConnection) {
        if case .lend(let waiter) = placement { hand(waiter, .success(connection)) }
    }

    // MARK: dialling

    func dial(_ role: Role) {
        let id = nextConnectionID()
        let task = Task {
            let begun = ContinuousClock.now
            do throws(LDAPError) {
                let connection = try await connect(id, role)
                if abandoned.contains(id) {
                    await connection.close(LDAPError(.connectionLost, "\(settings.url): not wanted any more"))
                } else {
                    events?(.connected(after: ContinuousClock.now - begun))
                    arrived(connection, role)
                }
            } catch {
                let error = await explained(error)
                if !abandoned.contains(id) { failed(error, role) }
            }
            abandoned.remove(id)
            dials[id] = nil
        }
        dials[id] = (task, role)
    }

    private func failed(_ error: LDAPError, _ role: Role) {
        logger.debug("connect failed", metadata: ["host": "\(settings.url)", "error": "\(error)"])
        events?(.connectFailed(error))
        let disappointed = role == .bind ? binds.dialFailed() : services.dialFailed()
        for waiter in disappointed { hand(waiter, .failure(error)) }
    }

    func connect(_ id: Int, _ role: Role) async throws(LDAPError) -> LDAPConnection {
        var steps: LDAPDialer.Steps = []
        let deadline = ContinuousClock.now + settings.connectTimeout
        guard role == .service, !settings.serviceIdentities.isEmpty else {
            return try await dialed(id, deadline, &steps)
        }
        let (ready, unready) = await dialer.prepareService(deadline: deadline)
        tell(unready)
        if let failure = unready.failure { throw failure }
        let connection: LDAPConnection
        do throws(LDAPError) { connection = try await dialed(id, deadline, &steps) } catch {
            dialer.giveBackTries(ready)
            throw error
        }
        let bind = await dialer.bindService(
            connection,
            as: ready,
            deadline: .now + settings.operationTimeout,
            steps: &steps
        )
        tell(bind)
        if let failure = bind.failure {
            if !abandoned.contains(id) { counters.dialFailures += 1 }
            await connection.close(failure)
            throw failure.with(requestWasWritten: false)
        }
        return connection
    }

    /// Counted: what fails before it comes to this was no attempt to connect.
    private func dialed(
        _ id: Int,
        _ deadline: ContinuousClock.Instant,
        _ steps: inout LDAPDialer.Steps
    ) async throws(LDAPError) -> LDAPConnection {
        counters.dials += 1
        do throws(LDAPError) { return try await dialer.dial(id: id, deadline: deadline, steps: &steps) } catch {
            if !abandoned.contains(id) { counters.dialFailures += 1 }
            throw error
        }
    }

    private func tell(_ bind: LDAPDialer.ServiceBind) {
        guard let events else { return }
        for refusal in bind.refusals { events(.serviceRefused(refusal)) }
        if let accepted = bind.accepted {
            events(.serviceAccepted(dn: "\(accepted.identity)", position: accepted.position))
        }
    }

    private func arrived(_ connection: LDAPConnection, _ role: Role) {
        guard !isShutDown else {
            let error = shutDownError
            connection.assumeIsolated { $0.close(error) }
            return
        }
        hold(connection, role)
        switch role {
        case .bind:
            place(binds.dialed(connection.id, now: .now), connection)
        case .service:
            for waiter in services.dialed(connection.id) { hand(waiter, .success(connection)) }
        }
        watch(connection)
    }

    func hold(_ connection: LDAPConnection, _ role: Role) {
        held[connection.id] = (connection, role)
        armSweep()
    }

    func watch(_ connection: LDAPConnection) {
        let id = connection.id
        connection.assumeIsolated {
            $0.whenLost { [weak self] error in self?.assumeIsolated { $0.gone(id, error) } }
        }
    }

    /// Names the cause of a failed handshake; one diagnosis is shared by all who fail, and made once a minute.
    func explained(_ error: LDAPError) async -> LDAPError {
        guard error.isHandshakeFailure, !isShutDown else { return error }
        if limiter.mayDiagnose(settings.url) {
            let (url, startTLS, tls) = (settings.url, settings.startTLS, settings.tls)
            let deadline = ContinuousClock.now + settings.connectTimeout
            diagnosis = Task {
                await TLSDiagnosis.diagnose(url: url, startTLS: startTLS, tls: tls, deadline: deadline)
            }
        }
        guard let cause = await diagnosis?.value else { return error }
        return LDAPError(.tls, "\(settings.url): \(cause.sentence)")
    }
}
