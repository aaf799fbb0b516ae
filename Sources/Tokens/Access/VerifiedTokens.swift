internal import Crypto
internal import Synchronization

/// Remembers tokens whose signature was found good, because checking an elliptic-curve signature costs more than all the
/// rest of a request.
///
/// Kept is the SHA-256 of the token, never the token. What may change (time, revocations, the key's being known) is
/// checked at every use; only what cannot, the signature and the claims under it, is taken from here. Tokens with a bad
/// signature are not remembered, so that a stranger cannot push good ones out.
final class VerifiedTokens: Sendable {
    /// What a token says, and by which header its key was found.
    final class Entry: Sendable {
        let header: String
        let claims: AccessTokenClaims
        /// The keys among which it was found.
        let keys: Int

        init(header: String, claims: AccessTokenClaims, keys: Int) {
            self.header = header
            self.claims = claims
            self.keys = keys
        }
    }

    /// Octets, estimated: some thousands of tokens with a handful of groups.
    private static let capacity = 16 << 20
    /// Claims are objects of their own, each with a header of Swift's, around about as many characters as the token has.
    private static let perOctet = 3
    private static let perToken = 512

    private let kept = Mutex(BoundedCache<SHA256.Digest, Entry>(capacity: capacity))

    /// What is remembered of the token with that digest.
    func entry(for digest: SHA256.Digest) -> Entry? {
        kept.withLock { $0.value(for: digest) }
    }

    /// Remembers a token of `length` octets.
    func insert(_ entry: Entry, for digest: SHA256.Digest, length: Int) {
        kept.withLock { $0.insert(entry, for: digest, weight: Self.perToken + Self.perOctet * length) }
    }
}
