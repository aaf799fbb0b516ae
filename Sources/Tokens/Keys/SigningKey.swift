internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials

/// The private half of a signing key.
///
/// The compact JWS is written here over swift-crypto, and not by JWTKit: its serializer encodes header and payload
/// anew for every token and is async per key lookup, its parser takes an unknown `kid` for the default key and decodes
/// sloppy base64. Nothing of its own would be left in use but the names of the algorithms (docs/decisions).
struct SigningKey: Sendable {
    private enum Material {
        case es256(P256.Signing.PrivateKey)
        case rs256(_RSA.Signing.PrivateKey)
        case eddsa(Curve25519.Signing.PrivateKey)
    }

    private let material: Material
    let publicKey: VerifyingKey

    var id: String { publicKey.id }
    var algorithm: SigningAlgorithm { publicKey.algorithm }

    /// Makes a new key; for RS256 that takes a good part of a second.
    init(generating algorithm: SigningAlgorithm) throws(KeyError) {
        do {
            switch algorithm {
            case .es256: self.init(P256.Signing.PrivateKey())
            case .rs256: try self.init(_RSA.Signing.PrivateKey(keySize: .bits2048))
            case .eddsa: self.init(Curve25519.Signing.PrivateKey())
            }
        } catch {
            throw KeyError(.unreadable, "No \(algorithm.rawValue) key could be made: \(error)")
        }
    }

    /// Reads what `representation` gave.
    init(_ algorithm: SigningAlgorithm, representation: [UInt8]) throws(KeyError) {
        do {
            switch algorithm {
            case .es256: self.init(try P256.Signing.PrivateKey(rawRepresentation: representation))
            case .rs256: try self.init(_RSA.Signing.PrivateKey(derRepresentation: representation))
            case .eddsa: self.init(try Curve25519.Signing.PrivateKey(rawRepresentation: representation))
            }
        } catch {
            // The cause may quote key material, so it is left out.
            throw KeyError(.unreadable, "An \(algorithm.rawValue) key in the store is not one.")
        }
    }

    private init(_ key: P256.Signing.PrivateKey) {
        material = .es256(key)
        publicKey = VerifyingKey(key.publicKey)
    }

    private init(_ key: _RSA.Signing.PrivateKey) throws(KeyError) {
        material = .rs256(key)
        publicKey = try VerifyingKey(key.publicKey)
    }

    private init(_ key: Curve25519.Signing.PrivateKey) {
        material = .eddsa(key)
        publicKey = VerifyingKey(key.publicKey)
    }

    /// The private key in octets, to be wrapped.
    var representation: [UInt8] {
        switch material {
        case .es256(let key): Array(key.rawRepresentation)
        case .rs256(let key): Array(key.derRepresentation)
        case .eddsa(let key): Array(key.rawRepresentation)
        }
    }

    /// The compact JWS (RFC 7515 §7.1) of `payload`.
    func sign(_ payload: [UInt8]) throws(KeyError) -> String {
        var token: [UInt8] = []
        // Room for header, payload and the longest signature, an RSA one of 2048 bits.
        token.reserveCapacity(publicKey.header.utf8.count + Base64URL.encodedCount(payload.count) + 346)
        token.append(contentsOf: publicKey.header.utf8)
        token.append(UInt8(ascii: "."))
        Base64URL.append(payload, to: &token)
        let signature = try signature(for: token)
        token.append(UInt8(ascii: "."))
        Base64URL.append(signature, to: &token)
        return String(decoding: token, as: UTF8.self)
    }

    private func signature(for input: [UInt8]) throws(KeyError) -> Data {
        do {
            switch material {
            // RFC 7518 §3.4: R and S at full length, not DER.
            case .es256(let key): return try key.signature(for: input).rawRepresentation
            case .rs256(let key): return try key.signature(for: input, padding: .insecurePKCS1v1_5).rawRepresentation
            case .eddsa(let key): return try key.signature(for: input)
            }
        } catch {
            throw KeyError(.unreadable, "Key \(id) could not sign.")
        }
    }
}
