internal import Crypto
internal import FoundationEssentials

/// A key for the HMAC in refresh tokens.
struct RefreshKey: Sendable {
    /// Part of every token made with it.
    let id: UInt32
    let secret: SymmetricKey

    /// A fresh one; ids are random, so that nodes need not agree on them.
    init() {
        id = .random(in: 1 ... .max)
        secret = SymmetricKey(size: .bits256)
    }

    /// Reads what the store holds.
    init(storedID: String, representation: [UInt8]) throws(KeyError) {
        guard let id = UInt32(storedID, radix: 16), representation.count == 32 else {
            throw KeyError(.unreadable, "Refresh key \(storedID) in the store is not one.")
        }
        self.id = id
        secret = SymmetricKey(data: representation)
    }

    /// The id as the store keeps it.
    var storedID: String { String(id, radix: 16) }

    /// The secret in octets, to be wrapped.
    var representation: [UInt8] { secret.withUnsafeBytes { Array($0) } }
}
