public import Authentication
internal import Crypto

/// Says whether an access token is live without asking anybody: keys, not-befores and ended sessions are in memory.
public struct AccessTokenVerifier: Sendable {
    private let issuer: String
    private let keys: KeyRing
    private let revocations: Revocations
    private let clock: any WallClock
    private let verified = VerifiedTokens()

    /// Nodes' clocks may differ by so many seconds before a token looks as if it came from the future.
    private static let leeway: Int64 = 60
    /// Longer than any token that fits into a request's header.
    private static let longestToken = 65_536

    /// A verifier of tokens of `issuer`.
    public init(
        issuer: String,
        keys: KeyRing,
        revocations: Revocations,
        clock: any WallClock = SystemWallClock()
    ) {
        self.issuer = issuer
        self.keys = keys
        self.revocations = revocations
        self.clock = clock
    }

    /// The claims of a live token.
    public func verify(_ token: String) throws(AccessTokenError) -> AccessTokenClaims {
        let (claims, isEnded) = try judged(token)
        if isEnded { throw .sessionEnded }
        return claims
    }

    /// The claims of a token that would be live if its session were.
    func current(_ token: String) throws(AccessTokenError) -> AccessTokenClaims {
        try judged(token).claims
    }

    private func judged(_ token: String) throws(AccessTokenError) -> (claims: AccessTokenClaims, isEnded: Bool) {
        let claims = try authenticate(token)
        let now = clock.now().seconds
        guard now < claims.expiresAt else { throw .expired }
        let (notBefore, isEnded) = revocations.standing(
            client: claims.clientID,
            subject: claims.subject,
            session: claims.person?.session
        )
        guard claims.issuedAt >= notBefore else { throw .revoked }
        // A token issued in the second of a revocation carries the not-before as iat.
        guard claims.issuedAt <= max(now + Self.leeway, notBefore) else { throw .fromTheFuture }
        return (claims, isEnded)
    }

    /// The claims of a token that one of our keys signed for this issuer, whether or not it is live.
    func authenticate(_ token: String) throws(AccessTokenError) -> AccessTokenClaims {
        let claims = try signed(token)
        guard claims.issuer == issuer else { throw .otherIssuer }
        return claims
    }

    /// The claims under a good signature, remembered if they were asked for lately.
    private func signed(_ token: String) throws(AccessTokenError) -> AccessTokenClaims {
        guard token.utf8.count <= Self.longestToken else { throw .malformed }
        var text = token
        let digest = text.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)) }
        let present = keys.snapshot
        // A key that was taken away takes its tokens with it.
        if let entry = verified.entry(for: digest),
            entry.keys == present.number || present.verifying[entry.header] != nil
        {
            return entry.claims
        }
        let entry = try check(Array(token.utf8), present)
        verified.insert(entry, for: digest, length: token.utf8.count)
        return entry.claims
    }

    /// Checks the signature.
    ///
    /// The protected header is not parsed but looked up: only the very headers we write are known, each with its key.
    /// So `alg: none`, HS256 over a public key, another `typ`, `crit`, `jwk` or an unknown `kid` need no rules of
    /// their own (RFC 8725 §3.1, §3.11).
    private func check(_ bytes: [UInt8], _ keys: KeySnapshot) throws(AccessTokenError) -> VerifiedTokens.Entry {
        let dot = UInt8(ascii: ".")
        guard let first = bytes.firstIndex(of: dot), let second = bytes[(first + 1)...].firstIndex(of: dot) else {
            throw .malformed
        }
        let header = String(decoding: bytes[..<first], as: UTF8.self)
        guard let key = keys.verifying[header] else { throw .unknownKey }
        // A third dot is no base64url, so it ends here.
        guard let signature = Base64URL.decode(bytes[(second + 1)...]) else { throw .malformed }
        guard key.isValid(signature, for: bytes[..<second]) else { throw .badSignature }
        guard let payload = Base64URL.decode(bytes[(first + 1)..<second]),
            let claims = AccessTokenClaims(decoding: payload)
        else { throw .malformed }
        return VerifiedTokens.Entry(header: header, claims: claims, keys: keys.number)
    }
}
