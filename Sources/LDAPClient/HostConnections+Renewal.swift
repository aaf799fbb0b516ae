import EventPoller

/// Connections that are not trusted any more, and those made anew.
extension HostConnections {
    /// Whether a connection idle for so long has to show that it lives.
    func isDoubtful(idleSince since: ContinuousClock.Instant) -> Bool {
        if since < .now - settings.probeAfter { return true }
        guard let distrusted else { return false }
        return since <= distrusted
    }

    /// Whoever was not heard since now has to show that it lives.
    func distrustIdle() { distrusted = .now }

    /// Closes what is idle, and sends those away who wait for a connection: the host is given up for now.
    func giveUp(_ why: String) {
        distrustIdle()
        // First those who wait: a connection closed before them would be dialled anew for them.
        let error = LDAPError(.connect, "\(settings.url): \(why)")
        for id in binds.takeWaiters() + services.takeWaiters() { hand(id, .failure(error)) }
        closeBinds(idleSince: .now)
        for id in services.unused { if let connection = held[id]?.connection { close(connection, why) } }
    }

    /// Nobody is lent a connection of before: idle ones are closed, the service connections end with what is under way, and
    /// those on their way are dialled anew where somebody waits.
    func startAfresh() async {
        distrustIdle()
        for (id, dial) in dials where abandoned.insert(id).inserted {
            dial.task.cancel()
            let isWanted = dial.role == .bind ? binds.dialAbandoned() : services.dialAbandoned()
            if isWanted { self.dial(dial.role) }
        }
        closeBinds(idleSince: .now)
        for id in services.connections {
            guard let connection = held[id]?.connection else { continue }
            withdraw(connection)
            await connection.retire()
        }
    }

    /// Makes a service connection with the passwords as they are now; those of before end when it has come about.
    func renewService() async throws(LDAPError) {
        guard !isShutDown, !settings.serviceIdentities.isEmpty else { return }
        let before = services.connections
        let id = nextConnectionID()
        let connection: LDAPConnection
        do throws(LDAPError) {
            connection = try await connect(id, .service)
        } catch {
            throw await explained(error)
        }
        guard !isShutDown else {
            let error = shutDownError
            await connection.close(error)
            throw error
        }
        hold(connection, .service)
        for waiter in services.adopted(id) { hand(waiter, .success(connection)) }
        watch(connection)
        for id in before {
            guard let connection = held[id]?.connection else { continue }
            withdraw(connection)
            await connection.retire()
        }
    }
}
