import EventPoller

extension HostConnections {
    // MARK: searches

    /// A search on a service connection; tried a second time on a younger connection when the first was lost.
    func search(
        _ request: SearchRequest,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> SearchResult {
        var lost: Int?
        while true {
            let connection = try await serviceConnection(deadline, after: lost)
            do throws(LDAPError) {
                let result = try await connection.search(
                    request,
                    deadline: operationDeadline(deadline),
                    maximumBytes: settings.maximumResponseBytes
                )
                finished(connection)
                return result
            } catch {
                finished(connection)
                retireIfSuspect(connection)
                guard error.code == .connectionLost, lost == nil else { throw error }
                lost = connection.id
            }
        }
    }

    private func serviceConnection(
        _ deadline: ContinuousClock.Instant,
        after lost: Int?
    ) async throws(LDAPError) -> LDAPConnection {
        var lost = lost
        while true {
            let (connection, idleSince) = try await take(.service, deadline: deadline, after: lost)
            guard let idleSince, idleSince < .now - settings.probeAfter else { return connection }
            do throws(LDAPError) {
                if try await answers(connection, deadline) { return connection }
            } catch {
                finished(connection)
                throw error
            }
            await connection.close(connection.gone("no answer to a probe"))
            lost = connection.id
        }
    }

    /// Nobody was heard while a search waited for its answer: new searches go elsewhere, those in flight may still end.
    private func retireIfSuspect(_ connection: LDAPConnection) {
        guard connection.assumeIsolated({ $0.isSuspect }) else { return }
        withdraw(connection)
        connection.assumeIsolated { $0.retire() }
    }

    // MARK: binds

    func lease(deadline: ContinuousClock.Instant) async throws(LDAPError) -> BindLease {
        BindLease(try await bindConnection(deadline), of: self)
    }

    /// Another connection for one that was found dead.
    func replace(
        _ dead: LDAPConnection,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> LDAPConnection {
        close(dead, "found dead")
        return try await bindConnection(deadline)
    }

    func giveBack(_ lease: BindLease) async {
        guard let connection = await lease.end() else { return }
        if isFit(connection) {
            place(binds.giveBack(connection.id, now: .now), connection)
        } else {
            close(connection, "not fit for another use")
        }
    }

    private func isFit(_ connection: LDAPConnection) -> Bool {
        connection.assumeIsolated { $0.loss == nil && !$0.isSuspect && $0.inFlight == 0 }
    }

    private func bindConnection(_ deadline: ContinuousClock.Instant) async throws(LDAPError) -> LDAPConnection {
        while true {
            let (connection, idleSince) = try await take(.bind, deadline: deadline)
            guard let idleSince, idleSince < .now - settings.probeAfter else { return connection }
            do throws(LDAPError) {
                if try await answers(connection, deadline) { return connection }
            } catch {
                place(binds.giveBack(connection.id, now: idleSince), connection)
                throw error
            }
            await connection.close(connection.gone("no answer to a probe"))
            // What has been idle as long lies behind the same firewall: no use waiting for each.
            closeBinds(idleSince: .now - settings.probeAfter)
        }
    }

    /// Whether anybody answers; any answer to a read of the root DSE will do.
    /// - Throws: `.cancelled`, or `.timeout` when the caller's own deadline passes first.
    private func answers(
        _ connection: LDAPConnection,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Bool {
        let patience = min(Duration.seconds(2), settings.operationTimeout / 2)
        do throws(LDAPError) {
            _ = try await connection.search(
                RootDSE.probe,
                deadline: min(deadline, .now + patience),
                maximumBytes: settings.maximumResponseBytes
            )
            return true
        } catch {
            if error.code == .result { return true }
            if error.code == .cancelled || (error.code == .timeout && deadline <= .now) { throw error }
            return false
        }
    }

    // MARK: check

    func connectReport(deadline: ContinuousClock.Instant) async -> LDAPConnectReport {
        var steps: LDAPDialer.Steps = []
        do throws(LDAPError) {
            let connection = try await dialer.dial(
                id: nextConnectionID(),
                deadline: min(deadline, .now + settings.connectTimeout),
                steps: &steps
            )
            do throws(LDAPError) {
                if !settings.serviceIdentities.isEmpty {
                    try await dialer.bindService(connection, deadline: operationDeadline(deadline), steps: &steps)
                }
            } catch {
                close(connection, "checked")
                throw error
            }
            close(connection, "checked")
            return LDAPConnectReport(steps: steps, failure: nil)
        } catch {
            guard error.isHandshakeFailure else { return LDAPConnectReport(steps: steps, failure: error) }
            let cause = await TLSDiagnosis.diagnose(
                url: settings.url,
                startTLS: settings.startTLS,
                tls: settings.tls,
                deadline: deadline
            )
            let named = cause.map { LDAPError(.tls, "\(settings.url): \($0.sentence)") } ?? error
            return LDAPConnectReport(steps: steps, failure: named)
        }
    }
}
