internal import NIOCore

/// Where a listener really listens, known once it does.
public struct BoundAddress: Sendable, Hashable, CustomStringConvertible {
    /// The host part of a TCP address, or nil.
    public let host: String?
    /// The port of a TCP address, or nil.
    public let port: Int?
    /// The path of a Unix socket, or nil.
    public let path: String?
    /// True when connections to it are TLS.
    public let isSecure: Bool

    /// What `address` says of a bound channel.
    init(_ address: SocketAddress, isSecure: Bool) {
        host = address.ipAddress
        port = address.port
        path = address.pathname
        self.isSecure = isSecure
    }

    /// A URL for TCP, `unix:/path` for a Unix socket.
    public var description: String {
        guard let host, let port else { return "unix:\(path ?? "")" }
        return "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
