import Glibc

/// An address to connect to, as the kernel wants it.
struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// AF_INET, AF_INET6 or AF_UNIX.
    let family: Int32
    /// A sockaddr of that family.
    private(set) var octets: [UInt8]
    private let name: String
    private var port: Int

    /// The address of a Unix socket; nil when the path is too long for one.
    init?(path: String) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, !bytes.contains(0), bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            return nil
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        family = AF_UNIX
        octets = unsafe withUnsafeBytes(of: &address) { unsafe Array($0) }
        name = path
        port = 0
    }

    /// An IPv4 or IPv6 address in digits, without a port; nil for a name. Never blocks.
    init?(numeric host: String) {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICHOST
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, nil, &hints, &list) == 0, let first = unsafe list else { return nil }
        defer { unsafe freeaddrinfo(list) }
        unsafe self.init(first.pointee)
    }

    /// A copy of what getaddrinfo(3) returned; nil for families other than IPv4 and IPv6.
    init?(_ info: addrinfo) {
        guard let address = unsafe info.ai_addr else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        switch unsafe info.ai_family {
        case AF_INET:
            var copy = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self)
            unsafe inet_ntop(AF_INET, &copy.sin_addr, &text, socklen_t(text.count))
            octets = unsafe withUnsafeBytes(of: &copy) { unsafe Array($0) }
            name = Self.string(text)
        case AF_INET6:
            var copy = unsafe UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in6.self)
            unsafe inet_ntop(AF_INET6, &copy.sin6_addr, &text, socklen_t(text.count))
            octets = unsafe withUnsafeBytes(of: &copy) { unsafe Array($0) }
            name = "[\(Self.string(text))]"
        default:
            return nil
        }
        family = unsafe info.ai_family
        port = 0
    }

    /// The same address with a port.
    func with(port: Int) -> SocketAddress {
        var copy = self
        // sin_port and sin6_port lie at the same place, in network order (ip(7), ipv6(7)).
        copy.octets[2] = UInt8(truncatingIfNeeded: port >> 8)
        copy.octets[3] = UInt8(truncatingIfNeeded: port)
        copy.port = port
        return copy
    }

    /// Numeric address and port, or the path.
    var description: String { family == AF_UNIX ? name : "\(name):\(port)" }

    private static func string(_ text: [CChar]) -> String {
        String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Starts a connection on a new socket that does not block (connect(2)).
    /// - Returns: the socket and whether it is connected already, or errno(3).
    func startConnecting() -> Result<(socket: OpenDescriptor, isConnected: Bool), SystemError> {
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let number = socket(family, flags, 0)
        guard number >= 0 else { return .failure(SystemError(number: errno)) }
        let owner = OpenDescriptor(number)
        let outcome = unsafe octets.withUnsafeBytes { bytes -> Int32 in
            guard let base = bytes.baseAddress else { return -1 }
            return unsafe connect(number, base.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        if outcome == 0 { return .success((owner, true)) }
        guard errno == EINPROGRESS else { return .failure(SystemError(number: errno)) }
        return .success((owner, false))
    }
}
