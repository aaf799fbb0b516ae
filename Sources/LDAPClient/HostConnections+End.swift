import EventPoller

/// When connections are closed.
extension HostConnections {
    func gone(_ id: Int, _ error: LDAPError) {
        // A bind without an answer: what was idle meanwhile may lie behind the same broken path.
        if error.code == .timeout { distrustIdle() }
        let isRetired = held[id]?.connection.assumeIsolated { $0.hasEndedRetired } == true
        guard forget(id), error.code == .connectionLost, !isRetired else { return }
        counters.losses += 1
        events?(.lost(error))
    }

    /// Takes a connection out of its pool. False when it is out already.
    private func forget(_ id: Int) -> Bool {
        guard let (_, role) = held.removeValue(forKey: id) else { return false }
        let dials = role == .service ? services.closed(id) : binds.closed(id)
        if dials, !isShutDown { dial(role) }
        return true
    }

    /// A search has ended: its place on the connection is the next one's.
    func finished(_ connection: LDAPConnection) {
        if let waiter = services.finished(connection.id) { hand(waiter, .success(connection)) }
    }

    /// No new searches on this connection.
    func withdraw(_ connection: LDAPConnection) {
        if services.closed(connection.id), !isShutDown { dial(.service) }
    }

    /// Closes a connection that is of no use any more; that is no loss.
    func close(_ connection: LDAPConnection, _ why: String) {
        _ = forget(connection.id)
        let error = LDAPError(.connectionLost, "\(settings.url): \(why)")
        connection.assumeIsolated { $0.close(error) }
    }

    func armSweep() {
        guard sweep == nil else { return }
        let pause = max(.milliseconds(50), settings.idleTimeout / 4)
        sweep = poller.schedule(at: .now + pause) { [weak self] in self?.assumeIsolated { $0.closeIdle() } }
    }

    private func closeIdle() {
        sweep = nil
        let limit = ContinuousClock.now - settings.idleTimeout
        closeBinds(idleSince: limit)
        for id in services.unused {
            guard let connection = held[id]?.connection else { continue }
            let isIdle = connection.assumeIsolated { $0.inFlight == 0 && $0.lastHeard <= limit }
            if isIdle { close(connection, "idle") }
        }
        if !held.isEmpty { armSweep() }
    }

    func closeBinds(idleSince limit: ContinuousClock.Instant) {
        for id in binds.takeIdle(since: limit) {
            if let connection = held[id]?.connection { close(connection, "idle") }
        }
    }

    var shutDownError: LDAPError { LDAPError(.shutDown, "\(settings.url): shut down") }

    private func closeAll(_ error: LDAPError) {
        for (connection, _) in held.values { connection.assumeIsolated { $0.close(error) } }
    }

    func shutdown() async {
        isShutDown = true
        let error = shutDownError
        for id in binds.takeWaiters() + services.takeWaiters() { hand(id, .failure(error)) }
        closeAll(error)
        if let sweep { poller.cancel(sweep) }
        sweep = nil
        for dial in dials.values { dial.task.cancel() }
        for dial in dials.values { await dial.task.value }
        diagnosis?.cancel()
    }
}
