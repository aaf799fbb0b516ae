// LDAPClient owns the LDAP client that Swift on servers lacks: libldap's asynchronous calls on an epoll thread, with
// deadlines on everything. It knows servers, connections, messages, filters, names and certificates; it knows nothing of
// people, passwords' meaning or tokens. DirectoryAuth calls it, one `LDAPHost` for each host of a directory; the program
// asks `connectReport` for its `check` command. All that blocks (reading certificates, TLS handshakes, name resolution)
// runs on pools of threads; everything else lives on the poller.

public import EventPoller
public import Logging

/// One host of a directory: its service connections and its bind connections.
///
/// *Service connections* are few, bound once as the service identity, and shared by many searches at a time. *Bind
/// connections* are lent to one user bind at a time and used by the next without reconnecting: a bind replaces the identity
/// (RFC 4511 §4.2.1). Both are made when they are first needed. A circuit breaker belongs in front of this type.
public final class LDAPHost: Sendable {
    /// What it was made with.
    public let settings: LDAPHostSettings

    private let connections: HostConnections

    /// A host; opens nothing yet.
    /// - Parameters:
    ///   - poller: the thread on which the connections live.
    ///   - pool: for handshakes and for reading certificates and passwords; a stuck handshake takes one thread until
    ///     `connectTimeout`.
    ///   - refusals: what is known of refused service accounts; one for all hosts that share them.
    ///   - events: told of connections made, failed and lost, on the poller's thread: it must not block.
    public convenience init(
        settings: LDAPHostSettings,
        poller: EventPoller,
        pool: BlockingPool,
        logger: Logger,
        refusals: ServiceRefusals = ServiceRefusals(),
        events: (@Sendable (LDAPHostEvent) -> Void)? = nil
    ) {
        self.init(
            settings: settings,
            poller: poller,
            pool: pool,
            logger: logger,
            resolver: .shared,
            refusals: refusals,
            events: events
        )
    }

    init(
        settings: LDAPHostSettings,
        poller: EventPoller,
        pool: BlockingPool,
        logger: Logger,
        resolver: NameResolver,
        refusals: ServiceRefusals = ServiceRefusals(),
        events: (@Sendable (LDAPHostEvent) -> Void)? = nil
    ) {
        self.settings = settings
        let dialer = LDAPDialer(
            settings: settings,
            poller: poller,
            pool: pool,
            resolver: resolver,
            refusals: refusals
        )
        connections = HostConnections(dialer: dialer, logger: logger, events: events)
    }

    /// A search on a service connection; retried once on a fresh connection when the connection was lost.
    /// - Throws: `.serviceBind` without a searching identity; otherwise any code but `.overloaded` of a bind.
    public func search(
        _ request: SearchRequest,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> SearchResult {
        guard !settings.serviceIdentities.isEmpty else {
            throw LDAPError(.serviceBind, "\(settings.url): no searching identity is configured")
        }
        return try await connections.search(request, deadline: deadline)
    }

    /// A user bind on a leased bind connection, with exactly one bind request written at most.
    ///
    /// An error with `requestWasWritten` false may be answered by asking another host; with true it may not, the server may
    /// have counted the attempt.
    public func bind(
        dn: String,
        password: some LDAPCredential,
        controls: [LDAPControl] = [.passwordPolicyRequest],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse {
        try await connections.bind(dn: dn, password: password, controls: controls, deadline: deadline)
    }

    /// A change on a service connection, as the service identity; written once at most, and never retried.
    /// - Throws: `.serviceBind` without a searching identity. An error with `requestWasWritten` true means that nobody knows
    ///   whether it was done.
    public func change(
        _ change: LDAPChange,
        controls: [LDAPControl] = [],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> ChangeResponse {
        guard !settings.serviceIdentities.isEmpty else {
            throw LDAPError(.serviceBind, "\(settings.url): no searching identity is configured")
        }
        return try await connections.change(change, controls: controls, deadline: deadline)
    }

    /// Lends a bind connection for a bind and the searches of the person bound.
    /// - Throws: `.overloaded` when too many wait already, `.timeout` when none is free in time, what made the connection
    ///   impossible, or what `body` throws.
    public func withBindConnection<Value: Sendable>(
        deadline: ContinuousClock.Instant,
        _ body: (any LDAPBindLease) async throws(LDAPError) -> Value
    ) async throws(LDAPError) -> Value {
        let lease = try await connections.lease(deadline: deadline)
        do throws(LDAPError) {
            let value = try await body(lease)
            await connections.giveBack(lease)
            return value
        } catch {
            await connections.giveBack(lease)
            throw error
        }
    }

    /// Reads the root DSE on a service connection.
    public func rootDSE(deadline: ContinuousClock.Instant) async throws(LDAPError) -> RootDSE {
        let result = try await connections.search(RootDSE.request, deadline: deadline)
        guard let entry = result.entries.first else {
            throw LDAPError(.result, "\(settings.url): the root DSE cannot be read", resultCode: .noSuchObject)
        }
        return RootDSE(entry: entry)
    }

    /// Reads the root DSE on a connection made for it and closed afterwards; no account is involved.
    ///
    /// An answer that refuses the read is an answer. What a circuit breaker asks before it closes.
    /// - Throws: why the host does not serve: `.nameResolution`, `.connect`, `.tls`, `.connectionLost`, `.timeout`,
    ///   `.result` with 51 or 52.
    public func probe(deadline: ContinuousClock.Instant) async throws(LDAPError) {
        try await connections.probe(deadline: deadline)
    }

    /// Gives the host up for now: idle connections are closed, and those who wait for one are sent away with `.connect`, so
    /// that they may ask another host. Requests under way go on; the next request connects afresh.
    public func giveUp(_ why: String) async {
        await connections.giveUp(why)
    }

    /// Whoever comes next connects anew: idle connections are closed, and those with requests under way take no more.
    ///
    /// For a host that is back after an outage: connections of before may be dead without anybody having noticed.
    public func startAfresh() async {
        await connections.startAfresh()
    }

    /// Makes a service connection with the passwords as they are now; the service connections of before take no more
    /// searches and end with those under way. When it fails, they stay.
    /// - Throws: what made the connection impossible, `.serviceBind` when no account was accepted.
    public func renewService() async throws(LDAPError) {
        try await connections.renewService()
    }

    /// A number that changes with the passwords of the service accounts; nil while one of them cannot be read.
    ///
    /// It tells nothing of them outside this process.
    public func servicePasswords(deadline: ContinuousClock.Instant) async -> Int? {
        await connections.dialer.servicePasswords(deadline: deadline)
    }

    /// Makes one connection the way every login does, step by step, and closes it.
    public func connectReport(deadline: ContinuousClock.Instant) async -> LDAPConnectReport {
        await connections.connectReport(deadline: deadline)
    }

    /// What the connections are doing now.
    public var statistics: LDAPHostStatistics {
        get async { await connections.statistics }
    }

    /// Closes every connection; calls under way end with `.shutDown`.
    public func shutdown() async {
        await connections.shutdown()
    }
}
