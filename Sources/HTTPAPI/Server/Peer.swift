internal import Authentication

/// The other end of a connection, before any proxy header is believed.
struct Peer: Sendable, Hashable {
    /// Its address; nil on a Unix socket.
    let address: IPAddress?
    /// The address in words, made once for all requests of the connection; "unix" for a peer on a Unix socket.
    let text: String
    /// True when the connection itself is TLS.
    let isSecure: Bool
    /// The hash of the certificate that the connection was shown (RFC 5929 §4); nil without TLS.
    let endPoint: [UInt8]?

    init(address: IPAddress?, isSecure: Bool, endPoint: [UInt8]? = nil) {
        self.address = address
        text = address?.description ?? Self.nobody
        self.isSecure = isSecure
        self.endPoint = endPoint
    }

    /// Stands for whoever has no address.
    static let nobody = "unix"

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
    let endPoint: [UInt8]?

    init(_ address: IPAddress?, isSecure: Bool) {
        endPoint = nil
        self.address = address?.description ?? Peer.nobody
        hasAddress = address != nil
        self.isSecure = isSecure
    }

    /// The peer itself, with nobody in between.
    init(_ peer: Peer) {
        address = peer.text
        hasAddress = peer.address != nil
        isSecure = peer.isSecure
        endPoint = peer.endPoint
    }
}
