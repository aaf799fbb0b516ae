internal import CSodium

/// BLAKE2b-256 (RFC 7693 §2.9) under a key of this process: by what a value is known again that must not be kept itself.
public struct KeyedDigest: Sendable {
    /// Thirty-two octets of a digest.
    public struct Value: Sendable, Hashable {
        fileprivate var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        fileprivate init() {}

        /// In a time that does not tell how much of them is the same.
        public static func == (left: Value, right: Value) -> Bool {
            let (left, right) = (left.words, right.words)
            return (left.0 ^ right.0) | (left.1 ^ right.1) | (left.2 ^ right.2) | (left.3 ^ right.3) == 0
        }

        /// A digest is spread evenly already; a part of it tells entries apart.
        public func hash(into hasher: inout Hasher) {
            hasher.combine(words.0)
        }
    }

    private let key: [UInt8]

    /// Under a key of its own.
    public init() {
        var key = [UInt8](repeating: 0, count: 32)
        unsafe randombytes_buf(&key, key.count)
        self.key = key
    }

    /// The digest of some octets.
    public func value(of octets: [UInt8]) -> Value {
        unsafe octets.withUnsafeBytes { unsafe digest($0) }
    }

    /// The digest of a password on top of another digest, which stands for all that was before it; nothing is left of the
    /// password behind it.
    public func value(of password: Password, after before: Value) -> Value {
        let size = MemoryLayout.size(ofValue: before.words)
        return unsafe password.withUnsafeBytes { octets in
            unsafe withUnsafeTemporaryAllocation(byteCount: size + octets.count, alignment: 8) { message in
                defer { unsafe wipe(message) }
                unsafe withUnsafeBytes(of: before.words) { unsafe message.copyMemory(from: $0) }
                unsafe UnsafeMutableRawBufferPointer(rebasing: message[size...]).copyMemory(from: octets)
                return unsafe digest(UnsafeRawBufferPointer(message))
            }
        }
    }

    private func wipe(_ octets: UnsafeMutableRawBufferPointer) {
        if let start = octets.baseAddress { unsafe sodium_memzero(start, octets.count) }
    }

    /// The digest of two others, in this order.
    public func value(_ first: Value, _ second: Value) -> Value {
        let message = (first.words, second.words)
        return unsafe withUnsafeBytes(of: message) { unsafe digest($0) }
    }

    private func digest(_ message: UnsafeRawBufferPointer) -> Value {
        var value = Value()
        unsafe withUnsafeMutableBytes(of: &value.words) { unsafe BLAKE2b.hash(message, key: key, into: $0) }
        return value
    }
}
