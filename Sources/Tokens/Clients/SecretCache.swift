internal import Authentication
internal import Crypto
internal import FoundationEssentials
internal import Synchronization

/// Remembers which secret was proved for which client, so that not every login of a client pays an Argon2id.
///
/// It keeps an HMAC under a key of this process, never the secret; wrong secrets are not remembered.
final class SecretCache: Sendable {
    private let key = SymmetricKey(size: .bits256)
    private let proved = Mutex<[String: HMAC<SHA256>.MAC]>([:])

    /// True when this very secret was proved for that client before.
    func contains(_ secret: Password, of client: String) -> Bool {
        guard let known = proved.withLock({ $0[client] }) else { return false }
        // swift-crypto compares MACs in constant time.
        return known == mac(secret, client)
    }

    /// Remembers a proved secret; one for each client, so that the configuration bounds it.
    func insert(_ secret: Password, of client: String) {
        let mac = mac(secret, client)
        proved.withLock { $0[client] = mac }
    }

    /// True for the same secret, in a time that tells neither octets nor length.
    func areEqual(_ left: Password, _ right: Password) -> Bool {
        mac(left, "") == mac(right, "")
    }

    private func mac(_ secret: Password, _ client: String) -> HMAC<SHA256>.MAC {
        var mac = HMAC<SHA256>(key: key)
        mac.update(data: Array(client.utf8))
        mac.update(data: [0] as [UInt8])
        secret.withUnsafeBytes { mac.update(data: $0) }
        return mac.finalize()
    }
}
