internal import CSodium

/// Argon2id (RFC 9106) through libsodium, always on the injected pool, never on Swift's own threads.
///
/// Serves local accounts and the secrets of clients. Every call costs one Argon2id, whatever it is given: a text that
/// is no hash, or none at all, is answered after one of the present parameters. A hash that another program made costs
/// what it costs, and when it is not the password's, one Argon2id more.
public struct PasswordHasher: SecretHash {
    /// What new hashes cost.
    public let parameters: Argon2Parameters

    private let pool: any WorkPool

    /// Verified for names that do not exist: a hash of the present parameters that no password has.
    private let decoy: PHCString

    /// A hasher whose work runs on `pool`; the pool decides how many hashes run at once and how many wait.
    ///
    /// - Throws: `ArgonParameterError` when libsodium cannot start.
    public init(parameters: Argon2Parameters, pool: any WorkPool) throws(ArgonParameterError) {
        // May be called any number of times, from any thread (sodium_init in libsodium's usage notes).
        guard sodium_init() >= 0 else {
            throw ArgonParameterError(.noRandomness, "libsodium could not start: no random numbers (see /dev/urandom).")
        }
        self.parameters = parameters
        self.pool = pool
        decoy = PHCString(
            parameters: parameters,
            salt: Self.randomBytes(Int(crypto_pwhash_argon2id_SALTBYTES)),
            tag: Self.randomBytes(Self.tagLength)
        )
    }

    /// Verifies `password` against a PHC string, or a hash another program made; false when wrong or when it is neither.
    ///
    /// - Throws: `WorkPoolFull` when too many hashes wait already or the machine has no memory for one; answer 503.
    public func verify(_ password: Password, against phc: String) async throws(WorkPoolFull) -> Bool {
        if let ours = PHCString(phc) { return try await verify(password, against: ours) }
        guard let foreign = try? ForeignHash(phc) else { return try await verify(password, against: nil) }
        let decoy = decoy
        let isRight = try await pool.run { () -> Bool? in
            let isRight = foreign.verify(password)
            guard isRight == false else { return isRight }
            // Many of them are far cheaper: a refusal must not be sooner than that of a name that does not exist.
            let tag = Self.derive(
                password,
                salt: decoy.salt,
                parameters: decoy.parameters,
                length: Self.tagLength
            )
            return tag == nil ? nil : false
        }
        guard let isRight else { throw WorkPoolFull() }
        return isRight
    }

    /// Costs as much as `verify` does and is never true: for names that do not exist and accounts without a password.
    ///
    /// - Throws: `WorkPoolFull` as `verify` does.
    public func verifyNothing(_ password: Password) async throws(WorkPoolFull) {
        _ = try await verify(password, against: nil)
    }

    /// A PHC string for `password` with a fresh salt and the present parameters.
    ///
    /// - Throws: `WorkPoolFull` when too many hashes wait already or the machine has no memory for one; answer 503.
    public func hash(_ password: Password) async throws(WorkPoolFull) -> String {
        let parameters = parameters
        let salt = Self.randomBytes(Int(crypto_pwhash_argon2id_SALTBYTES))
        let tag = try await pool.run {
            Self.derive(password, salt: salt, parameters: parameters, length: Self.tagLength)
        }
        guard let tag else { throw WorkPoolFull() }
        return PHCString(parameters: parameters, salt: salt, tag: tag).text
    }

    /// True when `phc` is a hash of other parameters than the present ones and ought to be made anew.
    public func needsRehash(_ phc: String) -> Bool {
        PHCString(phc)?.parameters != parameters
    }

    /// The form in which a hash made here or elsewhere is kept.
    ///
    /// - Throws: `.invalid` with a sentence on what is wrong with it; it never holds the hash.
    static func storable(_ text: String) throws(AccountError) -> String {
        PHCString(text) != nil ? text : try ForeignHash(text).text
    }

    /// True when `text` is a hash this program makes, for a check of the configuration.
    public static func isHash(_ text: String) -> Bool {
        PHCString(text) != nil
    }

    private func verify(_ password: Password, against stored: PHCString?) async throws(WorkPoolFull) -> Bool {
        let hash = stored ?? decoy
        let tag = try await pool.run {
            Self.derive(password, salt: hash.salt, parameters: hash.parameters, length: hash.tag.count)
        }
        guard let tag else { throw WorkPoolFull() }
        return unsafe sodium_memcmp(tag, hash.tag, tag.count) == 0 && stored != nil
    }

    /// One Argon2id; nil when there is no memory for it.
    ///
    /// Not crypto_pwhash_str_verify: it answers a lack of memory like a wrong password, and an outage must never look
    /// like a refusal.
    private static func derive(
        _ password: Password,
        salt: [UInt8],
        parameters: Argon2Parameters,
        length: Int
    ) -> [UInt8]? {
        var tag = [UInt8](repeating: 0, count: length)
        let status = unsafe password.withUnsafeBytes { octets in
            // A Password always has an address, also when it is empty.
            guard let characters = unsafe octets.baseAddress?.assumingMemoryBound(to: CChar.self) else {
                return CInt(-1)
            }
            return unsafe crypto_pwhash_argon2id(
                &tag,
                UInt64(length),
                characters,
                UInt64(octets.count),
                salt,
                UInt64(parameters.iterations),
                parameters.memory,
                crypto_pwhash_argon2id_ALG_ARGON2ID13
            )
        }
        return status == 0 ? tag : nil
    }

    private static let tagLength = 32

    private static func randomBytes(_ number: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: number)
        unsafe randombytes_buf(&bytes, number)
        return bytes
    }
}
