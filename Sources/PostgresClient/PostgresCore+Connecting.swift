import EventPoller
import Logging

extension PostgresCore {
    private static let firstPause: Duration = .milliseconds(50)
    private static let longestPause: Duration = .seconds(1)

    /// Opens what is wanted: one connection always, and one more while all are busy.
    func grow() {
        guard !isClosed, retry == nil, dialing < PostgresDialer.runningLimit else { return }
        let idle = connections.values.contains { !$0.isLeased && $0.inFlight == 0 }
        let isWanted = connections.isEmpty || hasWaiting || !idle
        guard isWanted, connections.count + dialing < configuration.connections else { return }
        dialing += 1
        Task {
            do throws(PostgresError) {
                adopt(try await dialer.dial())
            } catch {
                dialing -= 1
                if !isClosed { failed(error) }
            }
        }
    }

    private func adopt(_ handle: PostgresHandle) {
        dialing -= 1
        guard !isClosed else { return }
        let connection = PostgresConnection(id: newID(), handle: handle)
        let id = connection.id
        do {
            guard handle.startPipeline() else { return failed(lost(handle.message)) }
            connection.watch = try poller.watch(handle.descriptor, for: .readable, trigger: .level) { [weak self] _ in
                self?.assumeIsolated { $0.ready(id) }
            }
        } catch {
            return failed(PostgresError(.connect, "PostgreSQL: \(error)"))
        }
        connections[id] = connection
        guard !configuration.setup.isEmpty else { return join(connection) }
        prepare(connection)
    }

    /// Runs the statements of `setup`; a connection on which they fail is none.
    private func prepare(_ connection: PostgresConnection) {
        let statements = configuration.setup.map { PostgresStatement($0) }
        let (id, connectionID) = (newID(), connection.id)
        let segment = Segment(id: id, statements: statements) { [weak self] outcome in
            // Called on the poller's thread, as every end of a segment.
            self?.assumeIsolated { core in
                guard let connection = core.connections[connectionID] else { return }
                switch outcome {
                case .success: core.join(connection)
                case .failure(let error): core.close(connection, error)
                }
            }
        }
        segment.timer = poller.schedule(at: .now + configuration.connectTimeout) { [weak self] in
            self?.assumeIsolated { core in
                guard let connection = core.connections[connectionID], !connection.isReady else { return }
                core.close(connection, core.lost("the setup was not answered in time"))
            }
        }
        register(segment)
        send(segment, on: connection)
    }

    private func join(_ connection: PostgresConnection) {
        connection.isReady = true
        statistics.opened += 1
        if downSince != nil { logger.info("PostgreSQL is reachable again") }
        failures = 0
        downSince = nil
        stall = nil
        lastFailure = nil
        tell(.listening)
        serveWaiting()
        grow()
    }

    private func failed(_ error: PostgresError) {
        reconnect(after: error)
    }

    /// Tries again after a pause that grows, for ever; a lost connection that worked is replaced at once.
    func reconnect(after error: PostgresError) {
        guard !isClosed else { return }
        let hasSome = connections.values.contains { $0.isReady }
        if !hasSome {
            if downSince == nil {
                downSince = .now
                logger.warning("PostgreSQL cannot be reached", metadata: ["reason": "\(error.message)"])
            }
            lastFailure = error.code == .closed ? lastFailure : error.with(requestWasWritten: false)
            // Waiting would not help: somebody must change something first.
            if error.code == .authentication || error.code == .tls { refuseWaiting(error) }
        }
        guard retry == nil else { return }
        let pause = min(Self.longestPause, Self.firstPause * (1 << min(failures, 5)))
        failures += 1
        // Ten nodes that lost the same server do not come back in step.
        let jitter = pause * Double.random(in: 0.5...1)
        retry = poller.schedule(at: .now + jitter) { [weak self] in
            self?.assumeIsolated { core in
                core.retry = nil
                core.grow()
            }
        }
    }
}
