import EventPoller

/// A lease of `HostConnections`; it lives on the poller as the connection does.
actor BindLease: LDAPBindLease {
    nonisolated let poller: EventPoller
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe poller.asUnownedSerialExecutor() }

    private let host: HostConnections
    /// Nil once it is given back, or when no other could be had for a lost one.
    private(set) var connection: LDAPConnection?
    private var isBound = false

    init(_ connection: LDAPConnection, of host: HostConnections) {
        poller = host.poller
        self.host = host
        self.connection = connection
    }

    func simpleBind(
        dn: String,
        password: some LDAPCredential,
        controls: [LDAPControl],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse {
        // As many replacements as there can be dead connections, and a fresh one: a server that hangs up on everybody
        // must not keep this going.
        for _ in 0...host.settings.bindConnections {
            guard let connection else { throw LDAPError(.invalidArgument, "the lease is over") }
            isBound = false
            do throws(LDAPError) {
                let response = try await connection.simpleBind(
                    dn: dn,
                    password: password,
                    controls: controls,
                    deadline: host.operationDeadline(deadline)
                )
                isBound = response.resultCode == .success
                return response
            } catch {
                guard error.code == .connectionLost, !error.requestWasWritten else { throw error }
                self.connection = nil
                self.connection = try await host.replace(connection, deadline: deadline)
            }
        }
        throw LDAPError(.connectionLost, "\(host.settings.url): the server closes every connection")
    }

    func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult {
        guard isBound, let connection else {
            throw LDAPError(.invalidArgument, "a search on a bind connection needs a bind that succeeded first")
        }
        return try await connection.search(
            request,
            deadline: host.operationDeadline(deadline),
            maximumBytes: host.settings.maximumResponseBytes
        )
    }

    func change(
        _ change: LDAPChange,
        controls: [LDAPControl],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> ChangeResponse {
        guard isBound, let connection else {
            throw LDAPError(.invalidArgument, "a change on a bind connection needs a bind that succeeded first")
        }
        return try await connection.change(change, controls: controls, deadline: host.operationDeadline(deadline))
    }

    /// Takes the connection away from whoever still holds the lease.
    func end() -> LDAPConnection? {
        isBound = false
        defer { connection = nil }
        return connection
    }
}
