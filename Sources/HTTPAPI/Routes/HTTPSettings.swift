/// `[http]` as the program reads it from the configuration.
public struct HTTPSettings: Sendable, Hashable {
    /// Where the API listens.
    public var listen: [ListenAddress]
    /// Where the admin endpoints listen; empty switches them off.
    public var adminListen: [ListenAddress]
    /// Sockets handed over by systemd, for `systemd` in `listen`; they are taken over and closed at the end.
    public var inheritedSockets: [CInt]
    /// The same for `systemd` in `adminListen`.
    public var adminInheritedSockets: [CInt]
    /// Under which everything public lies: "" or "/prefix".
    public var basePath: String
    /// Whose forwarding headers are believed.
    public var trustedProxies: TrustedProxies
    /// Refuses credentials over plain http.
    public var requiresTLS: Bool
    /// Origins whose browsers may call.
    public var corsOrigins: [String]
    /// Times, sizes and numbers.
    public var limits: HTTPLimits
    /// Certificate and key; nil for plain http.
    public var tls: TLSFiles?
    /// How often the TLS files are looked at for changes.
    public var certificateCheckInterval: Duration

    /// The defaults of the configuration.
    public init(
        listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 8480)],
        adminListen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 8481)],
        inheritedSockets: [CInt] = [],
        adminInheritedSockets: [CInt] = [],
        basePath: String = "",
        trustedProxies: TrustedProxies = TrustedProxies(),
        requiresTLS: Bool = false,
        corsOrigins: [String] = [],
        limits: HTTPLimits = HTTPLimits(),
        tls: TLSFiles? = nil,
        certificateCheckInterval: Duration = .seconds(5)
    ) {
        self.listen = listen
        self.adminListen = adminListen
        self.inheritedSockets = inheritedSockets
        self.adminInheritedSockets = adminInheritedSockets
        self.basePath = basePath
        self.trustedProxies = trustedProxies
        self.requiresTLS = requiresTLS
        self.corsOrigins = corsOrigins
        self.limits = limits
        self.tls = tls
        self.certificateCheckInterval = certificateCheckInterval
    }
}
