import EventPoller
internal import Logging

/// What happens on one connection.
extension PostgresCore {
    func send(_ segment: Segment, on connection: PostgresConnection) {
        statistics.segments += 1
        if connection.send(segment) {
            flush(connection)
        } else {
            close(connection, lost(connection.handle.message))
        }
    }

    private func flush(_ connection: PostgresConnection) {
        let state = connection.handle.flush()
        guard state >= 0 else { return close(connection, lost(connection.handle.message)) }
        guard (state == 1) != connection.wantsToWrite, let watch = connection.watch else { return }
        connection.wantsToWrite = state == 1
        // A refusal of the kernel here would leave the socket unwatched.
        let interest: EventPoller.Interest = state == 1 ? [.readable, .writable] : .readable
        do {
            try poller.change(watch, to: interest, trigger: .level)
        } catch {
            close(connection, lost("\(error)"))
        }
    }

    /// The socket is ready.
    func ready(_ id: UInt64) {
        guard let connection = connections[id] else { return }
        lastSign = .now
        let progress = connection.read(
            finished: { segment in
                finish(segment, connection)
            },
            notified: { tell(.notification($0)) }
        )
        if case .lost(let why) = progress { return close(connection, lost(why)) }
        guard connections[id] != nil else { return }
        if connection.wantsToWrite { flush(connection) }
        closeIfRetired(connection)
        serveWaiting()
    }

    private func finish(_ segment: Segment, _ connection: PostgresConnection) {
        if stall != nil { logger.info("PostgreSQL answers again") }
        stall = nil
        if let failure = segment.failure {
            if failure.spoilsConnection { connection.isRetired = true }
            end(segment, .failure(failure))
        } else {
            end(segment, .success((connection.id, segment.results)))
        }
    }

    func lost(_ why: String) -> PostgresError {
        PostgresError(.connectionLost, "PostgreSQL: connection lost: \(why)", requestWasWritten: true)
    }

    func closeIfRetired(_ connection: PostgresConnection) {
        if connection.isRetired, connection.inFlight == 0, !connection.isLeased {
            close(connection, lost("the server goes away, is read-only now, or has changed its schema"))
        }
    }

    /// Stops what the server does on the connection and closes it.
    func discard(_ connection: PostgresConnection, _ error: PostgresError) {
        // One at a time: PQcancel has no time limit of its own, and a dead host must not take all threads.
        if !isCancelling, let canceller = connection.handle.canceller() {
            isCancelling = true
            let done: @Sendable () -> Void = { [weak self] in Task { await self?.cancelled() } }
            blocking.start(
                {
                    canceller.cancel(); done()
                },
                orElse: done
            )
        }
        close(connection, lost(error.message))
    }

    private func cancelled() { isCancelling = false }

    /// Ends a connection; everybody on it gets `error`.
    func close(_ connection: PostgresConnection, _ error: PostgresError) {
        guard connections.removeValue(forKey: connection.id) != nil else { return }
        if let watch = connection.watch { poller.unwatch(watch) }
        connection.watch = nil
        for segment in segments.values where segment.connection == connection.id {
            end(segment, .failure(segment.failure ?? error))
        }
        statistics.lost += 1
        if !isClosed { reconnect(after: error) }
    }
}
