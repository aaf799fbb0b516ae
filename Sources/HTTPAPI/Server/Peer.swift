internal import Authentication

/// The other end of a connection, before any proxy header is believed.
struct Peer: Sendable, Hashable {
    /// Its address; nil on a Unix socket.
    let address: IPAddress?
    /// True when the connection itself is TLS.
    let isSecure: Bool
    /// The hash of the certificate that the connection was shown (RFC 5929 §4); nil without TLS.
    var endPoint: [UInt8]?

    /// True on a Unix socket.
    var isLocal: Bool { address == nil }
}

/// Who really asks, once the proxies in between have been walked.
struct Caller: Sendable, Hashable {
    /// The address for tokens, audit and throttle; "unix" for a peer on a Unix socket that names nobody.
    let address: String
    /// False when `address` is that word.
    let hasAddress: Bool
    /// True when the credentials travelled over TLS, as far as trusted proxies tell.
    let isSecure: Bool
    /// The hash of the certificate that the caller itself was shown; nil without TLS, and behind a proxy, whose own
    /// certificate it was shown.
    var endPoint: [UInt8]?

    init(_ address: IPAddress?, isSecure: Bool, endPoint: [UInt8]? = nil) {
        self.endPoint = endPoint
        self.address = address?.description ?? "unix"
        hasAddress = address != nil
        self.isSecure = isSecure
    }
}
