internal import Crypto
internal import FoundationEssentials

/// Wraps the private keys at rest; 32 octets that never leave the process except into their own file.
public struct MasterKey: Sendable {
    /// The size of the key in octets.
    public static let size = 32

    private let wrappingKey: SymmetricKey
    /// Shows which master key a store was made with, and tells nothing else of it.
    public let checkValue: [UInt8]
    /// Hides names and addresses in what the store keeps of the throttle; 32 octets.
    public let throttleSecret: [UInt8]

    /// A master key from its 32 octets; nil for another number of them.
    public init?(_ octets: some Sequence<UInt8>) {
        let octets = Array(octets)
        guard octets.count == Self.size else { return nil }
        self.init(SymmetricKey(data: octets))
    }

    /// A fresh key, for a store that lives in memory only.
    public static func random() -> MasterKey {
        MasterKey(SymmetricKey(size: .bits256))
    }

    private init(_ key: SymmetricKey) {
        // One use, one key (RFC 5869 §3.2): the check value must say nothing about the key that wraps.
        func derive(_ info: String, _ count: Int) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Data(info.utf8), outputByteCount: count)
        }
        wrappingKey = derive("ldapauthd key wrapping 1", 32)
        checkValue = derive("ldapauthd master key check 1", 16).withUnsafeBytes { Array($0) }
        throttleSecret = derive("ldapauthd throttle 1", 32).withUnsafeBytes { Array($0) }
    }

    /// Encrypts a private key, bound to its id and use: a wrapped key copied to another row does not open.
    func wrap(_ secret: [UInt8], id: String, use: StoredKey.Use) throws(KeyError) -> [UInt8] {
        do {
            let box = try ChaChaPoly.seal(secret, using: wrappingKey, authenticating: Self.context(id, use))
            return Array(box.combined)
        } catch {
            throw KeyError(.unreadable, "Key \(id) could not be wrapped: \(error)")
        }
    }

    /// Decrypts what `wrap` made.
    func unwrap(_ wrapped: [UInt8], id: String, use: StoredKey.Use) throws(KeyError) -> [UInt8] {
        do {
            let box = try ChaChaPoly.SealedBox(combined: wrapped)
            return Array(try ChaChaPoly.open(box, using: wrappingKey, authenticating: Self.context(id, use)))
        } catch {
            throw KeyError(
                .unreadable,
                "Key \(id) in the store cannot be opened with this master key: it was damaged or belongs to another store."
            )
        }
    }

    private static func context(_ id: String, _ use: StoredKey.Use) -> Data {
        Data("\(use.rawValue):\(id)".utf8)
    }
}
