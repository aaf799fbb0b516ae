internal import CCrypt
internal import CSodium
internal import Glibc

/// crypt(3) of libxcrypt, which every Debian has.
enum CryptLibrary {
    enum Outcome: Sendable {
        /// The whole text, setting and digest.
        case hash([UInt8])
        /// No such password can have been hashed so: it is too long, or has a NUL; or the setting is none.
        case impossible
        /// There is no memory for it.
        case noMemory
    }

    /// Hashes `password` as `setting` (a whole hash, or its beginning) says. Blocks for as long as that costs.
    static func hash(_ password: Password, setting: String) -> Outcome {
        // crypt(3) reads until the first NUL.
        var phrase: [UInt8] = []
        defer { phrase.wipe() }
        unsafe password.withUnsafeBytes { octets in
            // Room for the NUL as well: an array that grows leaves a copy behind that nobody wipes.
            phrase.reserveCapacity(octets.count + 1)
            unsafe phrase.append(contentsOf: octets)
        }
        guard !phrase.contains(0) else { return .impossible }
        phrase.append(0)
        // crypt_rn(3): it may keep the phrase and what it works with there.
        var work = [UInt8](repeating: 0, count: MemoryLayout<crypt_data>.size)
        defer { work.wipe() }
        return unsafe phrase.withUnsafeBytes { phrase in
            unsafe work.withUnsafeMutableBytes { work -> Outcome in
                guard let phrase = unsafe phrase.baseAddress?.assumingMemoryBound(to: CChar.self) else {
                    return .impossible
                }
                // Of a failure NULL is returned, and only here: crypt(3) itself returns "*0".
                guard let made = unsafe crypt_rn(phrase, setting, work.baseAddress, CInt(work.count)) else {
                    return errno == ENOMEM ? .noMemory : .impossible
                }
                return unsafe .hash(
                    Array(UnsafeBufferPointer(start: made, count: strlen(made))).map(UInt8.init(bitPattern:))
                )
            }
        }
    }
}
