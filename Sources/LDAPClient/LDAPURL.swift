internal import CLinux
internal import Glibc

/// Where a directory listens: `ldap://host[:port]`, `ldaps://host[:port]` or `ldapi://[path]` (RFC 4516, the host part only).
///
/// Equal when they lead to the same place: host names are kept in lower case and ports are always filled in.
public struct LDAPURL: Sendable, Hashable, CustomStringConvertible {
    /// How the connection is made.
    public enum Scheme: String, Sendable, Hashable {
        /// TCP, in clear until StartTLS.
        case ldap
        /// TCP with TLS from the first byte.
        case ldaps
        /// A Unix socket.
        case ldapi

        /// The port taken when none is given; 0 for ldapi.
        public var defaultPort: Int {
            switch self {
            case .ldap: 389
            case .ldaps: 636
            case .ldapi: 0
            }
        }
    }

    /// How the connection is made.
    public let scheme: Scheme
    /// Host name or address, without brackets; the socket's path for ldapi.
    public let host: String
    /// 389 or 636 unless given; 0 for ldapi.
    public let port: Int

    /// The socket that `ldapi:///` means; the path built into Debian's libldap.
    public static let defaultSocketPath = "/var/run/slapd/ldapi"

    /// A place to connect to; nothing is checked.
    public init(scheme: Scheme, host: String, port: Int) {
        self.scheme = scheme
        self.host = host
        self.port = port
    }
}

extension LDAPURL {
    /// Reads a URL; anything but scheme, host and port is refused.
    ///
    /// - Throws: `.invalidArgument` with a sentence that names what is wrong.
    public init(_ text: String) throws(LDAPError) {
        func refuse(_ why: String) -> LDAPError { LDAPError(.invalidArgument, "LDAP URL “\(text)”: \(why)") }

        guard let separator = text.firstRange(of: "://") else {
            throw refuse("no “://”; write for example ldaps://ldap1.example.org")
        }
        let name = text[..<separator.lowerBound].lowercased()
        guard let scheme = Scheme(rawValue: name) else {
            throw refuse("unknown scheme “\(name)”; known are ldap, ldaps and ldapi")
        }
        var authority = text[separator.upperBound...]
        if authority.hasSuffix("/") { authority = authority.dropLast() }
        if let slash = authority.firstIndex(of: "/") {
            throw refuse(
                scheme == .ldapi
                    ? "in the path of a socket each “/” is written %2F"
                    : "“\(authority[slash...])” has no place here; bases, scopes and filters are settings of their own"
            )
        }
        if let bad = authority.first(where: { $0 == "?" || $0 == "#" || $0 == "@" }) {
            throw refuse("“\(bad)” has no place here; only a host and a port are read")
        }
        do throws(Fault) {
            if scheme == .ldapi {
                self.init(scheme: scheme, host: try Self.socketPath(authority), port: 0)
            } else {
                let (host, port) = try Self.hostAndPort(authority)
                self.init(scheme: scheme, host: host, port: port ?? scheme.defaultPort)
            }
        } catch { throw refuse(error.why) }
    }

    /// The URL in its shortest spelling.
    public var description: String {
        switch scheme {
        case .ldapi:
            return host == Self.defaultSocketPath ? "ldapi:///" : "ldapi://\(Self.percentEncoded(host))"
        case .ldap, .ldaps:
            let name = host.contains(":") ? "[\(host)]" : host
            return "\(scheme.rawValue)://\(name)\(port == scheme.defaultPort ? "" : ":\(port)")"
        }
    }

    /// True for a Unix socket, the name `localhost` and loopback addresses: what is sent there leaves this machine not.
    public var isLoopback: Bool {
        scheme == .ldapi || host == "localhost" || host == "::1" || (host.hasPrefix("127.") && Self.isIPv4(host))
    }

    /// Why a part was refused.
    private struct Fault: Error {
        let why: String
    }

    private static func hostAndPort(_ authority: Substring) throws(Fault) -> (host: String, port: Int?) {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { throw Fault(why: "“[” without “]”") }
            let host = authority[authority.index(after: authority.startIndex)..<end].lowercased()
            guard isIPv6(host) else { throw Fault(why: "“\(host)” is no IPv6 address") }
            let rest = authority[authority.index(after: end)...]
            if rest.isEmpty { return (host, nil) }
            guard rest.hasPrefix(":") else { throw Fault(why: "“\(rest)” after the address is no port") }
            return (host, try port(rest.dropFirst()))
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw Fault(why: "an IPv6 address is written in brackets, [::1]") }
        let host = parts.first.map { $0.lowercased() } ?? ""
        try check(host)
        return (host, parts.count == 2 ? try port(parts[1]) : nil)
    }

    private static func check(_ host: String) throws(Fault) {
        guard !host.isEmpty else { throw Fault(why: "no host") }
        for scalar in host.unicodeScalars {
            switch scalar {
            case "a"..."z", "0"..."9", "-", ".", "_": continue
            case _ where !scalar.isASCII:
                throw Fault(why: "write names with “\(scalar)” in their ASCII form (xn--…)")
            default: throw Fault(why: "“\(scalar)” cannot be part of a host name")
            }
        }
        guard host.utf8.count <= 253 else { throw Fault(why: "the host name is longer than 253 octets") }
        let labels = (host.hasSuffix(".") ? host.dropLast() : host[...]).split(
            separator: ".",
            omittingEmptySubsequences: false
        )
        if labels.contains(where: { $0.isEmpty || $0.utf8.count > 63 }) {
            throw Fault(why: "a part of the host name is empty or longer than 63 octets")
        }
        // A name whose last label is a number is an address (WHATWG URL §3.5), and resolvers read 10.1 as 10.0.0.1.
        if let last = labels.last, last.allSatisfy(\.isNumber), !isIPv4(host) {
            throw Fault(why: "“\(host)” is no IPv4 address")
        }
    }

    private static func port(_ text: Substring) throws(Fault) -> Int {
        guard !text.isEmpty, text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }), let port = Int(text), 1...65_535 ~= port
        else { throw Fault(why: "port “\(text)” is not a number from 1 to 65535") }
        return port
    }

    private static func socketPath(_ authority: Substring) throws(Fault) -> String {
        if authority.isEmpty { return defaultSocketPath }
        var bytes: [UInt8] = []
        var rest = authority.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(Hexadecimal.value),
                let low = rest.popFirst().flatMap(Hexadecimal.value)
            else { throw Fault(why: "“%” without two hexadecimal digits") }
            bytes.append(high << 4 | low)
        }
        guard let path = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw Fault(why: "the socket's path is no text")
        }
        guard path.hasPrefix("/") else { throw Fault(why: "the socket's path must begin with “/”, written %2F") }
        // sun_path of unix(7) with its closing NUL.
        guard bytes.count < 108 else { throw Fault(why: "the socket's path is longer than 107 octets") }
        return path
    }

    private static func percentEncoded(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "%" + Hexadecimal.text(byte, uppercase: true)
            }
        }
        return text
    }

    /// True for an IPv4 or IPv6 address in digits.
    public static func isAddress(_ host: String) -> Bool { isIPv4(host) || isIPv6(host) }

    static func isIPv4(_ host: String) -> Bool {
        var address = in_addr()
        return unsafe inet_pton(AF_INET, host, &address) == 1
    }

    static func isIPv6(_ host: String) -> Bool {
        var address = in6_addr()
        return unsafe inet_pton(AF_INET6, host, &address) == 1
    }
}
