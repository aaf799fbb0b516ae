internal import Crypto
internal import FoundationEssentials

/// A refresh token: derived from its session's row, never stored.
///
/// base64url of: version (1 octet), key id (4), session (16), generation (4, big-endian), HMAC-SHA256 of all that (32).
struct RefreshToken: Sendable, Hashable {
    /// Which session.
    var session: UUID
    /// How many refreshes lie before it.
    var generation: Int32

    private static let version: UInt8 = 1
    private static let signedCount = 25
    private static let count = signedCount + 32

    /// The token's text; the same for the same key.
    func encode(with key: RefreshKey) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.count)
        bytes.append(Self.version)
        Self.append(key.id, to: &bytes)
        withUnsafeBytes(of: session.uuid) { bytes.append(contentsOf: $0) }
        Self.append(UInt32(bitPattern: generation), to: &bytes)
        bytes.append(contentsOf: HMAC<SHA256>.authenticationCode(for: bytes, using: key.secret))
        return Base64URL.encode(bytes)
    }

    /// Reads and authenticates a token; nil for whatever was not made with one of `keys`.
    init?(_ text: String, keys: [UInt32: RefreshKey]) {
        guard Self.mayBe(text), let bytes = Base64URL.decode(text.utf8),
            bytes.count == Self.count, bytes[0] == Self.version, let key = keys[Self.number(bytes[1..<5])]
        else { return nil }
        // Compares in constant time.
        guard
            HMAC<SHA256>.isValidAuthenticationCode(
                bytes[Self.signedCount...],
                authenticating: bytes[..<Self.signedCount],
                using: key.secret
            )
        else { return nil }
        session = UUID(uuid: bytes[5..<21].withUnsafeBytes { $0.loadUnaligned(as: uuid_t.self) })
        generation = Int32(bitPattern: Self.number(bytes[21..<25]))
    }

    /// False for what is no refresh token by its length alone, as access tokens are.
    static func mayBe(_ text: String) -> Bool { text.utf8.count == Base64URL.encodedCount(count) }

    /// The id of the key a text claims to be made with; nil for whatever has not the form of a token.
    static func keyID(_ text: String) -> UInt32? {
        guard mayBe(text), let bytes = Base64URL.decode(text.utf8),
            bytes.count == count, bytes[0] == version
        else { return nil }
        return number(bytes[1..<5])
    }

    init(session: UUID, generation: Int32) {
        self.session = session
        self.generation = generation
    }

    private static func append(_ number: UInt32, to bytes: inout [UInt8]) {
        for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reduce(0) { $0 << 8 | UInt32($1) }
    }
}
