internal import Authentication

/// Where a listener listens, as the configuration spells it.
public enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// `host:port` or `[::1]:port`; port 0 takes a free one.
    case tcp(host: String, port: Int)
    /// `unix:/path`.
    case unix(path: String)
    /// `systemd`: every socket handed over by systemd.
    case systemd

    /// Reads `host:port`, `[::1]:port`, `unix:/path` or `systemd`.
    ///
    /// - Throws: ``HTTPServerError`` with the code `invalidAddress`.
    public init(_ text: String) throws(HTTPServerError) {
        if text == "systemd" {
            self = .systemd
        } else if text.hasPrefix("unix:") {
            self = .unix(path: try Self.path(in: text))
        } else {
            self = try Self.tcp(text)
        }
    }

    private static func path(in text: String) throws(HTTPServerError) -> String {
        let path = String(text.dropFirst("unix:".count))
        guard path.hasPrefix("/") else {
            throw HTTPServerError(.invalidAddress, "\"\(text)\": the path of a Unix socket begins with \"/\"")
        }
        // sun_path of unix(7) holds 108 octets, the closing zero included.
        guard path.utf8.count < 108 else {
            throw HTTPServerError(.invalidAddress, "\"\(text)\": the path of a Unix socket has at most 107 octets")
        }
        return path
    }

    private static func tcp(_ text: String) throws(HTTPServerError) -> Self {
        guard let colon = text.lastIndex(of: ":"), text.last != ":",
            text[text.index(after: colon)...].utf8.allSatisfy({ (48...57).contains($0) }),
            let port = UInt16(text[text.index(after: colon)...])
        else {
            throw HTTPServerError(
                .invalidAddress,
                "\"\(text)\" is not \"host:port\", \"[::1]:port\", \"unix:/path\" or \"systemd\""
            )
        }
        var host = text[..<colon]
        if host.first == "[", host.last == "]" {
            host = host.dropFirst().dropLast()
            guard IPAddress(host)?.isIPv4 == false else {
                throw HTTPServerError(.invalidAddress, "\"\(text)\": \"\(host)\" is not an IPv6 address")
            }
        } else if host.isEmpty || host.contains(":") {
            throw HTTPServerError(
                .invalidAddress,
                "\"\(text)\": a host is missing, or an IPv6 address is not in brackets"
            )
        }
        return .tcp(host: String(host), port: Int(port))
    }

    /// True when only this machine can connect: a loopback address, "localhost", or a Unix socket.
    ///
    /// Sockets of systemd are not known before they are opened and count as reachable.
    public var isLoopback: Bool {
        switch self {
        case .tcp(let host, _): IPAddress(host)?.isLoopback ?? (host.lowercased() == "localhost")
        case .unix: true
        case .systemd: false
        }
    }

    /// As the configuration spells it.
    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        case .systemd: "systemd"
        }
    }
}
