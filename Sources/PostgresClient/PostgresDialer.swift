import CPostgres
import EventPoller
import Glibc
import Synchronization

/// Makes connections, on a thread of the blocking pool: names are resolved, TLS reads files and computes, and a login with
/// SCRAM hashes 4096 times; none of that belongs on an event loop.
///
/// libpq's own loop over the hosts has no time limit that works without blocking, so each address is an attempt of its own.
final class PostgresDialer: Sendable {
    private let configuration: PostgresConfiguration
    private let blocking: BlockingPool
    private let poller: EventPoller
    /// Attempts whose thread has not come back: getaddrinfo(3) knows no deadline.
    private let running = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)
    /// The host that last answered is asked first.
    private let preferred = Mutex<Int>(0)

    static let runningLimit = 3

    init(_ configuration: PostgresConfiguration, poller: EventPoller, blocking: BlockingPool) {
        self.poller = poller
        self.configuration = configuration
        self.blocking = blocking
    }

    func dial() async throws(PostgresError) -> PostgresHandle {
        guard running.wrappingAdd(1, ordering: .relaxed).newValue <= Self.runningLimit else {
            running.wrappingSubtract(1, ordering: .relaxed)
            throw PostgresError(.connect, "earlier attempts to reach PostgreSQL have not come back yet")
        }
        let deadline = ContinuousClock.now + configuration.connectTimeout
        let result: Result<PostgresHandle, PostgresError>
        let handover = Handover<Result<PostgresHandle, PostgresError>>()
        do throws(BlockingPool.GivenUp) {
            result = try await handover.value(until: deadline + .milliseconds(200), on: poller) {
                blocking.start { [self] in
                    let isWanted = { handover.isWanted && !self.isClosed.load(ordering: .relaxed) }
                    if isWanted() { handover.finish(attempt(until: deadline, isWanted)) }
                    running.wrappingSubtract(1, ordering: .releasing)
                } orElse: { [self] in
                    running.wrappingSubtract(1, ordering: .relaxed)
                    handover.giveUp(.full)
                }
            }
        } catch {
            switch error.reason {
            case .full: throw PostgresError(.overloaded, "no thread is free to connect to PostgreSQL")
            case .cancelled: throw PostgresError(.cancelled, "cancelled while connecting")
            default: throw PostgresError(.connect, "PostgreSQL: no connection within \(configuration.connectTimeout)")
            }
        }
        return try result.get()
    }

    /// Makes no further connections, and waits for the attempts under way: a process that ends meanwhile would take OpenSSL away
    /// under their feet. A look-up of a name that hangs is left behind after a while.
    func close() async {
        isClosed.store(true, ordering: .relaxed)
        let end = ContinuousClock.now + .seconds(2)
        while running.load(ordering: .acquiring) > 0, ContinuousClock.now < end {
            // In a task of its own, which nobody has cancelled.
            await Task { _ = try? await Task.sleep(for: .milliseconds(10)) }.value
        }
    }

    /// Everything from here on blocks.
    private func attempt(
        until deadline: ContinuousClock.Instant,
        _ isWanted: () -> Bool
    ) -> Result<PostgresHandle, PostgresError> {
        let first = preferred.withLock { $0 }
        let hosts = configuration.hosts.indices.map { ($0 + first) % configuration.hosts.count }
        // Several hosts: first any standby, then any at all.
        let targets = configuration.target == "prefer-standby" ? ["standby", "any"] : [configuration.target]
        var failures: [PostgresError] = []
        for (round, target) in targets.enumerated() {
            for (place, index) in hosts.enumerated() {
                let left = deadline - .now
                let share = left / (hosts.count * (targets.count - round) - place)
                switch connect(configuration.hosts[index], target, until: .now + share, isWanted) {
                case .success(let handle):
                    preferred.withLock { $0 = index }
                    return .success(handle)
                case .failure(let error): failures.append(error)
                }
                if !isWanted() { return .failure(PostgresError(.cancelled, "cancelled while connecting")) }
            }
        }
        let code = failures.first { $0.code != .connect }?.code ?? .connect
        let state = failures.first { $0.code == code }?.sqlState
        return .failure(PostgresError(code, failures.map(\.message).joined(separator: "; "), sqlState: state))
    }

    private func connect(
        _ host: PostgresConfiguration.Host,
        _ target: String,
        until deadline: ContinuousClock.Instant,
        _ isWanted: () -> Bool
    ) -> Result<PostgresHandle, PostgresError> {
        var parameters = configuration.parameters
        parameters["target_session_attrs"] = target
        parameters["host"] = host.name
        if let file = configuration.passwordFile {
            guard let password = PasswordFile.read(file) else {
                return .failure(
                    PostgresError(.authentication, "the password file \(file) of PostgreSQL cannot be read")
                )
            }
            parameters["password"] = password
        }
        parameters["port"] = host.port
        var addresses: [String?] = [host.address]
        if host.address == nil, !host.isSocket, let name = host.name {
            switch HostAddresses.resolve(name) {
            case .success(let found): addresses = found
            case .failure(let error): return .failure(error)
            }
        }
        var failure = PostgresError(.connect, "PostgreSQL at \(host.description): no address")
        for (place, address) in addresses.enumerated() {
            parameters["hostaddr"] = address
            let share = (deadline - .now) / (addresses.count - place)
            switch PostgresAttempt.connect(parameters, host.description, until: .now + share, isWanted) {
            case .success(let handle): return .success(handle)
            case .failure(let error): failure = error
            }
            // The server has spoken: its other addresses would say the same.
            if failure.code != .connect || failure.sqlState != nil { break }
        }
        return .failure(failure)
    }
}
