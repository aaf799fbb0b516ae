internal import CSodium

/// An Argon2id hash in the PHC string format, taken apart.
///
/// Of the form libsodium writes: `$argon2id$v=19$m=19456,t=2,p=1$salt$tag`, base64 without padding, a salt of 16 bytes.
/// What costs more than `Argon2Parameters` allows is no hash of ours: a stored text must not be able to stop the server.
struct PHCString: Sendable {
    let parameters: Argon2Parameters
    let salt: [UInt8]
    let tag: [UInt8]

    /// nil when `text` has another form.
    init?(_ text: String) {
        let parts = text.split(separator: "$", maxSplits: 6, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19" else { return nil }
        let costs = parts[3].split(separator: ",", omittingEmptySubsequences: false)
        guard costs.count == 3, costs[2] == "p=1",
            let kibibytes = Self.number(costs[0], after: "m="), let iterations = Self.number(costs[1], after: "t="),
            let parameters = try? Argon2Parameters(memory: kibibytes * 1024, iterations: iterations),
            let salt = Self.decode(parts[4]), salt.count == Int(crypto_pwhash_argon2id_SALTBYTES),
            let tag = Self.decode(parts[5]), 16...64 ~= tag.count
        else { return nil }
        self.parameters = parameters
        self.salt = salt
        self.tag = tag
    }

    init(parameters: Argon2Parameters, salt: [UInt8], tag: [UInt8]) {
        self.parameters = parameters
        self.salt = salt
        self.tag = tag
    }

    /// As libsodium's crypto_pwhash_str writes it.
    var text: String {
        "$argon2id$v=19$m=\(parameters.memory / 1024),t=\(parameters.iterations),p=1"
            + "$\(Self.encode(salt))$\(Self.encode(tag))"
    }

    private static func number(_ text: Substring, after prefix: String) -> Int? {
        guard text.hasPrefix(prefix) else { return nil }
        let digits = text.dropFirst(prefix.count)
        guard 1...9 ~= digits.utf8.count, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return Int(digits)
    }

    private static func decode(_ text: Substring) -> [UInt8]? {
        let characters = text.utf8.map { CChar(bitPattern: $0) }
        guard characters.count <= 128 else { return nil }
        var bytes = [UInt8](repeating: 0, count: characters.count)
        var length = 0
        let status = unsafe sodium_base642bin(
            &bytes,
            bytes.count,
            characters,
            characters.count,
            nil,
            &length,
            nil,
            sodium_base64_VARIANT_ORIGINAL_NO_PADDING
        )
        return status == 0 ? Array(bytes.prefix(length)) : nil
    }

    private static func encode(_ bytes: [UInt8]) -> String {
        let capacity = sodium_base64_encoded_len(bytes.count, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)
        var characters = [CChar](repeating: 0, count: capacity)
        _ = unsafe sodium_bin2base64(
            &characters,
            capacity,
            bytes,
            bytes.count,
            sodium_base64_VARIANT_ORIGINAL_NO_PADDING
        )
        // The NUL at the end counts in the capacity.
        return String(decoding: characters.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
