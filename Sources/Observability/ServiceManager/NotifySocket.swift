internal import Glibc

/// One datagram to a Unix socket, without waiting.
enum NotifySocket {
    /// Sends `message`; 0, or an errno.
    ///
    /// - Parameter name: a path, or `@` and a name in the abstract namespace (unix(7)).
    static func send(_ message: String, to name: String) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var octets = Array(name.utf8)
        if octets.first == UInt8(ascii: "@") { octets[0] = 0 }
        guard !octets.isEmpty, octets.count < MemoryLayout.size(ofValue: address.sun_path) else { return ENAMETOOLONG }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: octets) }
        // A path ends with a NUL that counts, an abstract name with its last byte.
        let length = MemoryLayout<sa_family_t>.size + octets.count + (octets[0] == 0 ? 0 : 1)

        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        let bytes = Array(message.utf8)
        let sent = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(
                    descriptor,
                    bytes,
                    bytes.count,
                    CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL),
                    address,
                    socklen_t(length)
                )
            }
        }
        return sent == bytes.count ? 0 : errno
    }
}
