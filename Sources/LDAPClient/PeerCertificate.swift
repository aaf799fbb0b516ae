internal import FoundationEssentials
internal import SwiftASN1
import Synchronization
internal import X509

/// What is remembered of the certificate a host showed last.
final class PeerCertificate: Sendable {
    private let end = Mutex<Int64?>(nil)

    /// Seconds since 1970 until which it is valid; nil before the first handshake.
    var notAfter: Int64? { end.withLock { $0 } }

    func note(_ notAfter: Int64?) {
        guard let notAfter else { return }
        end.withLock { $0 = notAfter }
    }

    /// nil for what is no certificate; the handshake has judged it already.
    static func notAfter(ofDER octets: [UInt8]) -> Int64? {
        guard let certificate = try? Certificate(derEncoded: octets) else { return nil }
        return Int64(certificate.notValidAfter.timeIntervalSince1970)
    }
}
