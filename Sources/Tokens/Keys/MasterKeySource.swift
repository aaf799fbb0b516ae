/// Finds a master key after it was rotated.
public protocol MasterKeySource: Sendable {
    /// The key with that check value; nil when it cannot be found, or not yet. Reads a small file or two.
    func masterKey(check: [UInt8]) -> MasterKey?
}
