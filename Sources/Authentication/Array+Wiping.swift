internal import CSodium

extension [UInt8] {
    /// Overwrites the octets with zeros, which no optimiser leaves out.
    ///
    /// Where others still hold the same array they keep what it was: let go of slices and copies before.
    public mutating func wipe() {
        guard !isEmpty else { return }
        unsafe withUnsafeMutableBytes { unsafe sodium_memzero($0.baseAddress, $0.count) }
    }

    /// Lends the octets for the length of the call and wipes them behind it, whether it returns or throws.
    public mutating func lendAndWipe<Value>(_ body: ([UInt8]) throws -> Value) rethrows -> Value {
        defer { wipe() }
        return try body(self)
    }
}
