internal import CSodium
internal import Crypto

/// A password hash that another program made: verified as it is until the next good login replaces it with Argon2id.
///
/// What crypt(5) knows and is no danger to the server, Apache's `$apr1$`, and the `{SHA}` and `{SSHA}` of RFC 2307 directories. A
/// hash whose price would keep a thread busy for seconds is refused: a stored text must not be able to stop the server.
struct ForeignHash: Sendable {
    private enum Form: Sendable {
        /// crypt(3) verifies it.
        case crypt
        case apacheMD5(salt: [UInt8])
        case sha1(digest: [UInt8], salt: [UInt8])
    }

    /// As it is kept: without `{CRYPT}` before it.
    let text: String
    private let form: Form

    /// About a second on one core.
    static let maximumBcryptCost = 14
    /// sha256-crypt and sha512-crypt: about half a second.
    static let maximumRounds = 1_000_000
    /// yescrypt.
    static let maximumMemory = 256 << 20

    /// - Throws: `.invalid` with a sentence that says what is wrong with it and what to do; never the hash.
    init(_ given: String) throws(AccountError) {
        let scheme = Self.scheme(given)
        let text = scheme?.name == "CRYPT" ? String(scheme?.rest ?? "") : given
        guard text.utf8.count <= 256, text.utf8.allSatisfy({ 0x21...0x7E ~= $0 }) else {
            throw Self.refusal("is too long, or contains what no hash contains", "copy it again")
        }
        self.text = text
        if let scheme, scheme.name != "CRYPT" {
            form = try Self.directoryForm(scheme.name, scheme.rest)
            return
        }
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count >= 4, parts[0].isEmpty else {
            throw Self.refusal(
                "is none that is known here: DES, plain text and the like are no protection",
                "set a password with `ldapauthd user password`"
            )
        }
        form = try Self.cryptForm(String(parts[1]), Array(parts.dropFirst(2)))
    }

    /// The parts behind the name of the method.
    private static func cryptForm(_ method: String, _ parts: [Substring]) throws(AccountError) -> Form {
        switch method {
        case "2a", "2b", "2y": try checkBcrypt(parts)
        case "5": try checkRounds(parts, digestLength: 43)
        case "6": try checkRounds(parts, digestLength: 86)
        case "y": try checkYescrypt(parts)
        case "1": try check(parts, saltLimit: 8, digestLength: 22)
        case "apr1":
            try check(parts, saltLimit: 8, digestLength: 22)
            return .apacheMD5(salt: Array(parts[0].utf8))
        default:
            throw refusal(
                "is of the method “\(LogText.escaped(String(method.prefix(16))))”, which is not known here",
                "known are bcrypt, sha512-crypt, sha256-crypt, yescrypt, MD5 ($1$, $apr1$), {SSHA} and {SHA}"
            )
        }
        return .crypt
    }

    private static func directoryForm(_ scheme: String, _ rest: Substring) throws(AccountError) -> Form {
        guard scheme == "SHA" || scheme == "SSHA" else {
            throw refusal(
                "is of the scheme {\(LogText.escaped(String(scheme.prefix(16))))}, which is not known here",
                "known are {SSHA}, {SHA} and {CRYPT}"
            )
        }
        guard let octets = base64(rest), octets.count <= 20 + 64,
            scheme == "SHA" ? octets.count == 20 : octets.count > 20
        else {
            throw refusal("is no {\(scheme)}: the part behind it is cut off or no base64", "copy it again")
        }
        return .sha1(digest: Array(octets.prefix(20)), salt: Array(octets.dropFirst(20)))
    }

    // MARK: What crypt(5) says of each method

    private static func checkBcrypt(_ parts: [Substring]) throws(AccountError) {
        guard parts.count == 2, parts[0].utf8.count == 2, let cost = Int(parts[0]), isSalted(parts[1], 53, 53) else {
            throw mangled
        }
        guard 4...maximumBcryptCost ~= cost else {
            throw tooDear("a bcrypt cost of \(cost)", "the highest is \(maximumBcryptCost)")
        }
    }

    private static func checkRounds(_ given: [Substring], digestLength: Int) throws(AccountError) {
        var parts = given
        if parts[0].hasPrefix("rounds=") {
            guard let rounds = Int(parts[0].dropFirst(7)), rounds > 0 else { throw mangled }
            guard rounds <= maximumRounds else { throw tooDear("\(rounds) rounds", "the most are \(maximumRounds)") }
            parts.removeFirst()
        }
        guard parts.count == 2, parts[0].utf8.count <= 16, isSalted(parts[1], digestLength, digestLength) else {
            throw mangled
        }
    }

    private static func check(_ parts: [Substring], saltLimit: Int, digestLength: Int) throws(AccountError) {
        guard parts.count == 2, parts[0].utf8.count <= saltLimit, isSalted(parts[1], digestLength, digestLength) else {
            throw mangled
        }
    }

    /// The parameters as `crypt_gensalt(3)` writes them: `j`, the binary logarithm of N less one, and r less one.
    private static func checkYescrypt(_ parts: [Substring]) throws(AccountError) {
        guard parts.count == 3, isSalted(parts[1], 1, 86), isSalted(parts[2], 43, 43) else { throw mangled }
        let parameters = Array(parts[0].utf8)
        guard parameters.count == 3, parameters[0] == UInt8(ascii: "j"), let exponent = digit(parameters[1]),
            let blocks = digit(parameters[2])
        else {
            throw refusal("has parameters of yescrypt that are not known here", "set a new password instead")
        }
        // 128 · r · N (the scrypt paper, §5).
        guard exponent < 30, 128 * (blocks + 1) << (exponent + 1) <= maximumMemory else {
            throw tooDear("more memory", "the most is \(maximumMemory >> 20) MiB")
        }
    }

    /// Of crypt(5)'s own base64.
    private static func digit(_ octet: UInt8) -> Int? { alphabet.firstIndex(of: octet) }

    private static let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    private static func isSalted(_ text: Substring, _ shortest: Int, _ longest: Int) -> Bool {
        shortest...longest ~= text.utf8.count && text.utf8.allSatisfy { alphabet.contains($0) }
    }

    // MARK: Verifying

    /// True when `password` is the one; nil when there is no memory to find out. Blocks for as long as the hash costs.
    func verify(_ password: Password) -> Bool? {
        switch form {
        case .crypt:
            switch CryptLibrary.hash(password, setting: text) {
            case .hash(let made): return Self.equal(made, Array(text.utf8))
            case .impossible: return false
            case .noMemory: return nil
            }
        case .apacheMD5(let salt):
            let digest = unsafe password.withUnsafeBytes { unsafe ApacheMD5.hash($0, salt: salt) }
            return Self.equal(digest, Array(text.utf8.suffix(22)))
        case .sha1(let digest, let salt):
            var hash = Insecure.SHA1()
            unsafe password.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
            hash.update(data: salt)
            return Self.equal(Array(hash.finalize()), digest)
        }
    }

    /// In a time that does not tell where they differ.
    private static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe sodium_memcmp(left, right, left.count) == 0
    }

    // MARK: Texts

    private static func scheme(_ text: String) -> (name: String, rest: Substring)? {
        guard text.first == "{", let end = text.firstIndex(of: "}") else { return nil }
        return (text[text.index(after: text.startIndex)..<end].uppercased(), text[text.index(after: end)...])
    }

    private static func base64(_ text: Substring) -> [UInt8]? {
        let characters = text.utf8.map { CChar(bitPattern: $0) }
        var octets = [UInt8](repeating: 0, count: characters.count)
        var length = 0
        let status = unsafe sodium_base642bin(
            &octets,
            octets.count,
            characters,
            characters.count,
            nil,
            &length,
            nil,
            sodium_base64_VARIANT_ORIGINAL
        )
        return status == 0 ? Array(octets.prefix(length)) : nil
    }

    private static let mangled = refusal("is cut off or has a character that no hash has", "copy it again")

    private static func tooDear(_ what: String, _ bound: String) -> AccountError {
        refusal(
            "asks for \(what), which would keep other logins waiting (\(bound))",
            "set a new password for this account instead"
        )
    }

    private static func refusal(_ what: String, _ remedy: String) -> AccountError {
        AccountError(.invalid, "the hash \(what); \(remedy)")
    }
}
