import EventPoller
import Glibc

/// Connects one socket on the poller, trying all addresses; used once.
actor TCPConnector {
    nonisolated let poller: EventPoller
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe poller.asUnownedSerialExecutor() }

    /// RFC 8305 §5 recommends 250 ms.
    private static let pause = Duration.milliseconds(250)

    private let addresses: [SocketAddress]
    private var race: ConnectRace
    private var attempts: [Int: (socket: OpenDescriptor, watch: EventPoller.Watch)] = [:]
    private var timers: [EventPoller.Timer] = []
    private var failures: [String] = []
    private var continuation: CheckedContinuation<Result<Connected, LDAPError>, Never>?

    struct Connected: Sendable {
        let socket: OpenDescriptor
        let address: SocketAddress
    }

    init(poller: EventPoller, addresses: [SocketAddress]) {
        self.poller = poller
        self.addresses = addresses
        race = ConnectRace(count: addresses.count)
    }

    /// - Throws: `.connect` with what each address said.
    func connect(deadline: ContinuousClock.Instant) async throws(LDAPError) -> Connected {
        let cancelled = LDAPError(.cancelled, "cancelled while connecting")
        let outcome: Result<Connected, LDAPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { return continuation.resume(returning: .failure(cancelled)) }
                self.continuation = continuation
                timers.append(poller.schedule(at: deadline) { [self] in assumeIsolated { $0.timedOut() } })
                perform(race.begin())
            }
        } onCancel: {
            poller.perform { [self] in assumeIsolated { $0.end(.failure(cancelled)) } }
        }
        return try outcome.get()
    }

    private func perform(_ actions: [ConnectRace.Action]) {
        for action in actions {
            switch action {
            case .start(let index):
                start(index)
            case .pause:
                let instant = ContinuousClock.now + Self.pause
                timers.append(
                    poller.schedule(at: instant) { [self] in assumeIsolated { $0.perform($0.race.pauseElapsed()) } }
                )
            case .succeed(let index):
                guard let (socket, watch) = attempts.removeValue(forKey: index) else { continue }
                poller.unwatch(watch)
                end(.success(Connected(socket: socket, address: addresses[index])))
            case .fail:
                end(.failure(LDAPError(.connect, failures.joined(separator: "; "))))
            }
        }
    }

    private func start(_ index: Int) {
        do {
            let (socket, _) = try addresses[index].startConnecting().get()
            guard let descriptor = socket.raw else { return }
            // A socket connected at once is writable at once: one path for both.
            let watch = try poller.watch(descriptor, for: .writable, trigger: .level) { [self] _ in
                assumeIsolated { $0.settled(index) }
            }
            attempts[index] = (socket, watch)
        } catch {
            note(index, "\(error)")
        }
    }

    /// SO_ERROR tells how a connect(2) under way has ended.
    private func settled(_ index: Int) {
        guard let attempt = attempts[index], let descriptor = attempt.socket.raw else { return }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size)
        if failure == 0 {
            perform(race.connected(index))
        } else {
            attempts[index] = nil
            poller.unwatch(attempt.watch)
            note(index, SystemError(number: failure).description)
        }
    }

    private func note(_ index: Int, _ why: String) {
        failures.append("\(addresses[index]): \(why)")
        perform(race.failed(index))
    }

    private func timedOut() {
        let silent = attempts.keys.sorted().map { "\(addresses[$0]): no answer in time" }
        end(.failure(LDAPError(.connect, (failures + silent).joined(separator: "; "))))
    }

    private func end(_ outcome: Result<Connected, LDAPError>) {
        guard let continuation else { return }
        self.continuation = nil
        for timer in timers { poller.cancel(timer) }
        for attempt in attempts.values { poller.unwatch(attempt.watch) }
        timers = []
        attempts = [:]
        continuation.resume(returning: outcome)
    }
}
