internal import CSodium

/// BLAKE2b under a key (RFC 7693 §2.9).
enum BLAKE2b {
    /// Fills `digest` with the hash of `message`.
    ///
    /// - Parameters:
    ///   - digest: 16 to 64 octets.
    ///   - key: 16 to 64 octets.
    static func hash(_ message: UnsafeRawBufferPointer, key: [UInt8], into digest: UnsafeMutableRawBufferPointer) {
        let octets = unsafe message.assumingMemoryBound(to: UInt8.self)
        let output = unsafe digest.assumingMemoryBound(to: UInt8.self)
        guard let start = output.baseAddress else { return }
        // Fails on lengths out of range only (libsodium's crypto_generichash), and no caller has such.
        unsafe _ = crypto_generichash(
            start,
            output.count,
            octets.baseAddress,
            UInt64(octets.count),
            key,
            key.count
        )
    }
}
