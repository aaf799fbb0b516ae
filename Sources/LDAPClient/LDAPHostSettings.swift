/// Everything about one host of a directory.
public struct LDAPHostSettings: Sendable {
    /// Where it listens.
    public var url: LDAPURL
    /// StartTLS on ldap:// before anything else is sent.
    public var startTLS: Bool
    /// TLS for ldaps and StartTLS.
    public var tls: LDAPTLSSettings
    /// Name resolution, TCP and TLS together.
    public var connectTimeout: Duration
    /// One request and its answer.
    public var operationTimeout: Duration
    /// How many service connections at most.
    public var serviceConnections: Int
    /// How many bind connections at most.
    public var bindConnections: Int
    /// A connection unused for so long is closed.
    public var idleTimeout: Duration
    /// Tried in order when one is refused; empty means there is no searching identity.
    public var serviceIdentities: [ServiceIdentity]

    /// Memory that the answer to one search may take, and the largest single message, in octets; `.responseTooLarge` or a
    /// lost connection beyond. A group of 100 000 members takes about 12 MiB.
    public var maximumResponseBytes = 64 << 20
    /// A connection idle for longer is asked whether anybody is still there before it is used: firewalls forget.
    public var probeAfter = Duration.seconds(15)
    /// How many logins may wait for a bind connection, and searches for the first service connection; `.overloaded` beyond.
    public var waiterLimit = 1024

    /// A host with the defaults of the configuration.
    public init(
        url: LDAPURL,
        startTLS: Bool = false,
        tls: LDAPTLSSettings = LDAPTLSSettings(),
        connectTimeout: Duration = .seconds(3),
        operationTimeout: Duration = .seconds(5),
        serviceConnections: Int = 2,
        bindConnections: Int = 16,
        idleTimeout: Duration = .seconds(300),
        serviceIdentities: [ServiceIdentity] = [.anonymous]
    ) {
        self.url = url
        self.startTLS = startTLS
        self.tls = tls
        self.connectTimeout = connectTimeout
        self.operationTimeout = operationTimeout
        self.serviceConnections = serviceConnections
        self.bindConnections = bindConnections
        self.idleTimeout = idleTimeout
        self.serviceIdentities = serviceIdentities
    }
}
