import Glibc

/// Asks a server for its root DSE with bytes written by hand.
enum LDAPProbe {
    /// SearchRequest (RFC 4511 §4.5.1): base "", scope base, filter (objectClass=*), attribute 1.1; message id 1.
    private static let request: [UInt8] =
        [0x30, 0x2A, 0x02, 0x01, 0x01, 0x63, 0x25, 0x04, 0x00, 0x0A, 0x01, 0x00, 0x0A, 0x01, 0x00, 0x02, 0x01, 0x00]
        + [0x02, 0x01, 0x00, 0x01, 0x01, 0x00, 0x87, 0x0B] + Array("objectClass".utf8) + [0x30, 0x05, 0x04, 0x03]
        + Array("1.1".utf8)

    /// True when any LDAP message comes back within a second.
    static func answers(port: Int, address: String = "127.0.0.1") -> Bool {
        guard let descriptor = connectLoopback(port: port, address: address) else { return false }
        defer { close(descriptor) }
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return false }
        var first: UInt8 = 0
        return recv(descriptor, &first, 1, 0) == 1 && first == 0x30
    }
}
