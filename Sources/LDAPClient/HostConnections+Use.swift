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

    /// A change; the connection is looked at before, because what was written may not be written again.
    func change(
        _ change: LDAPChange,
        controls: [LDAPControl],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> ChangeResponse {
        let connection = try await serviceConnection(deadline, after: nil)
        do throws(LDAPError) {
            let response = try await connection.change(
                change,
                controls: controls,
                deadline: operationDeadline(deadline)
            )
            finished(connection)
            return response
        } catch {
            finished(connection)
            retireIfSuspect(connection)
            throw error
        }
    }

    private func serviceConnection(
        _ deadline: ContinuousClock.Instant,
        after lost: Int?
    ) async throws(LDAPError) -> LDAPConnection {
        var lost = lost
        while true {
            let (connection, idleSince) = try await take(.service, deadline: deadline, after: lost)
            guard let idleSince, isDoubtful(idleSince: idleSince) else { return connection }
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
        distrustIdle()
        withdraw(connection)
        connection.assumeIsolated { $0.retire() }
    }

    // MARK: binds

    /// A bind on a connection that is taken and given back without leaving the poller: lent across Swift's pool, it would
    /// wait for a thread there, twice, while others wait for it.
    func bind(
        dn: String,
        password: some LDAPCredential,
        controls: [LDAPControl],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse {
        let lease = try await lease(deadline: deadline)
        do throws(LDAPError) {
            let response = try await lease.simpleBind(
                dn: dn,
                password: password,
                controls: controls,
                deadline: deadline
            )
            await giveBack(lease)
            return response
        } catch {
            await giveBack(lease)
            throw error
        }
    }

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
        giveBack(connection, idleSince: .now)
    }

    private func giveBack(_ connection: LDAPConnection, idleSince: ContinuousClock.Instant) {
        if isFit(connection) {
            place(binds.giveBack(connection.id, now: idleSince), connection)
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
            guard let idleSince, isDoubtful(idleSince: idleSince) else { return connection }
            do throws(LDAPError) {
                if try await answers(connection, deadline) { return connection }
            } catch {
                giveBack(connection, idleSince: idleSince)
                throw error
            }
            await connection.close(connection.gone("no answer to a probe"))
            // What has been idle as long lies behind the same firewall: no use waiting for each.
            closeBinds(idleSince: idleSince)
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

    // MARK: probes

    /// Reads the root DSE on a connection made for it. Any answer but “busy” and “unavailable” shows that the host serves.
    func probe(deadline: ContinuousClock.Instant) async throws(LDAPError) {
        var steps: LDAPDialer.Steps = []
        do throws(LDAPError) {
            let connection = try await dialer.dial(
                id: nextConnectionID(),
                deadline: min(deadline, .now + settings.connectTimeout),
                steps: &steps
            )
            let outcome = await rootDSE(connection, operationDeadline(deadline))
            await connection.close(LDAPError(.shutDown, "probed"))
            try outcome.get()
        } catch {
            throw await explained(error)
        }
    }

    private func rootDSE(
        _ connection: LDAPConnection,
        _ deadline: ContinuousClock.Instant
    ) async -> Result<Void, LDAPError> {
        do throws(LDAPError) {
            _ = try await connection.search(
                RootDSE.probe,
                deadline: deadline,
                maximumBytes: settings.maximumResponseBytes
            )
        } catch {
            guard error.code == .result, error.resultCode != .busy, error.resultCode != .unavailable else {
                return .failure(error)
            }
        }
        return .success(())
    }

    // MARK: check

    /// One connection the way every login makes it, and the certificates shown on the way.
    func connectReport(deadline: ContinuousClock.Instant) async -> LDAPConnectReport {
        var steps: LDAPDialer.Steps = []
        var failure: LDAPError?
        do throws(LDAPError) {
            try await connectOnce(deadline, &steps)
        } catch {
            failure = error
        }
        let usesTLS = settings.url.scheme == .ldaps || settings.startTLS
        guard usesTLS, steps.contains(where: { $0.kind == .tls }) else {
            return LDAPConnectReport(steps: steps, failure: failure)
        }
        let seen = await TLSDiagnosis.inspect(
            url: settings.url,
            startTLS: settings.startTLS,
            tls: settings.tls,
            deadline: deadline
        )
        if let error = failure, error.isHandshakeFailure, let cause = seen.failure {
            failure = LDAPError(.tls, "\(settings.url): \(cause.sentence)")
        }
        return LDAPConnectReport(steps: steps, failure: failure, chain: seen.chain, tlsVersion: seen.version)
    }

    private func connectOnce(
        _ deadline: ContinuousClock.Instant,
        _ steps: inout LDAPDialer.Steps
    ) async throws(LDAPError) {
        let connection = try await dialer.dial(
            id: nextConnectionID(),
            deadline: min(deadline, .now + settings.connectTimeout),
            steps: &steps
        )
        defer { close(connection, "checked") }
        guard !settings.serviceIdentities.isEmpty else { return }
        let (ready, unready) = await dialer.prepareService(deadline: deadline)
        for refusal in unready.refusals {
            let error = LDAPError(.serviceBind, "\(settings.url): \(refusal.dn): \(refusal.reason)")
            steps.append(.init(.serviceBind, .now, refusal.dn, error))
        }
        if let failure = unready.failure { throw failure }
        let bind = await dialer.bindService(
            connection,
            as: ready,
            deadline: operationDeadline(deadline),
            steps: &steps
        )
        if let failure = bind.failure { throw failure }
    }
}
