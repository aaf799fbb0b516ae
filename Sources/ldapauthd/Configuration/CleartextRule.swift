import Glibc
import HTTPAPI

/// Whether passwords would leave the machine in clear text.
enum CleartextRule {
    /// True for a listener only this machine reaches. What systemd hands over is judged when it is known, at the start.
    static func isLocal(_ listener: ListenAddress) -> Bool {
        listener == .systemd || listener.isLoopback
    }

    /// True for loopback addresses and the name localhost.
    static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        var v4 = in_addr()
        if unsafe inet_pton(AF_INET, host, &v4) == 1 { return UInt32(bigEndian: v4.s_addr) >> 24 == 127 }
        var v6 = in6_addr()
        guard unsafe inet_pton(AF_INET6, host, &v6) == 1 else { return false }
        let octets = unsafe withUnsafeBytes(of: &v6) { unsafe Array($0) }
        return octets == Array(repeating: 0, count: 15) + [1]
    }
}
