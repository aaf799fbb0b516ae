/// The files a master key may lie in: each path, and `.next` beside it, where the key that follows it is put while the
/// master key is rotated.
public struct MasterKeyFiles: MasterKeySource {
    private let paths: [String]

    /// Looks in `paths`, in this order.
    public init(_ paths: [String]) {
        self.paths = paths
    }

    /// The key with that check value. What cannot be read counts as absent: another of the files may hold it.
    public func masterKey(check: [UInt8]) -> MasterKey? {
        for path in paths.flatMap({ [$0, MasterKey.successorPath(of: $0)] }) {
            if let key = try? MasterKey.read(path), key.checkValue == check { return key }
        }
        return nil
    }
}
