internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials

/// The public half of a signing key: checks signatures, and knows its own JWK and JWS header.
struct VerifyingKey: Sendable {
    private enum Material {
        case es256(P256.Signing.PublicKey)
        case rs256(_RSA.Signing.PublicKey)
        case eddsa(Curve25519.Signing.PublicKey)
    }

    private let material: Material
    /// RFC 7638 thumbprint over SHA-256.
    let id: String
    let algorithm: SigningAlgorithm
    /// The JWK as a JSON object, public members only.
    let jwk: [UInt8]
    /// The protected header of every token of this key, in base64url.
    ///
    /// It is the same for all of them, so that signing copies it and verifying compares it: `alg`, `typ` and `kid` are
    /// right if and only if the header is one we write. A change of its spelling must accept the old one for as long
    /// as tokens live.
    let header: String

    init(_ key: P256.Signing.PublicKey) {
        let raw = Array(key.rawRepresentation)
        self.init(
            .es256(key),
            .es256,
            // RFC 7518 §6.2.1: coordinates of full length, in base64url.
            [
                ("crv", "P-256"), ("kty", "EC"), ("x", Base64URL.encode(raw.prefix(32))),
                ("y", Base64URL.encode(raw.suffix(32))),
            ]
        )
    }

    init(_ key: _RSA.Signing.PublicKey) throws(KeyError) {
        guard let primitives = try? key.getKeyPrimitives() else {
            throw KeyError(.unreadable, "An RSA key in the store has no modulus.")
        }
        self.init(
            .rs256(key),
            .rs256,
            [
                ("e", Base64URL.encode(primitives.publicExponent)), ("kty", "RSA"),
                ("n", Base64URL.encode(primitives.modulus)),
            ]
        )
    }

    init(_ key: Curve25519.Signing.PublicKey) {
        // RFC 8037 §2 and, for the thumbprint's members, its appendix A.3.
        self.init(
            .eddsa(key),
            .eddsa,
            [("crv", "Ed25519"), ("kty", "OKP"), ("x", Base64URL.encode(key.rawRepresentation))]
        )
    }

    /// - Parameter members: the required members in lexicographic order, as RFC 7638 §3 hashes them; they are plain
    ///   ASCII that needs no escapes.
    private init(_ material: Material, _ algorithm: SigningAlgorithm, _ members: [(StaticString, String)]) {
        self.material = material
        self.algorithm = algorithm
        var canonical = JSONObjectWriter()
        for (name, value) in members { canonical.member(name, value) }
        id = Base64URL.encode(Array(SHA256.hash(data: canonical.finish())))

        var jwk = JSONObjectWriter()
        for (name, value) in members { jwk.member(name, value) }
        jwk.member("use", "sig")
        jwk.member("alg", algorithm.rawValue)
        jwk.member("kid", id)
        self.jwk = jwk.finish()

        var header = JSONObjectWriter()
        header.member("alg", algorithm.rawValue)
        header.member("typ", "at+jwt")
        header.member("kid", id)
        self.header = Base64URL.encode(header.finish())
    }

    /// True when `signature` was made over `input` by the private half.
    func isValid(_ signature: [UInt8], for input: ArraySlice<UInt8>) -> Bool {
        switch material {
        case .es256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: input)
        case .rs256(let key):
            let signature = _RSA.Signing.RSASignature(rawRepresentation: signature)
            return key.isValidSignature(signature, for: input, padding: .insecurePKCS1v1_5)
        case .eddsa(let key):
            return key.isValidSignature(signature, for: input)
        }
    }
}
