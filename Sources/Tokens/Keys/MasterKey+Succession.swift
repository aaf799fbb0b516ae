internal import Glibc

// A master key is rotated in three steps, each of which leaves a store that opens: the new key is put beside the old one;
// the store is wrapped anew and notes the new key's check value, in one transaction; the new key takes the old one's place.
// Whoever finds a key in the file that is not the store's looks beside it.

extension MasterKey {
    /// Where the key that follows the one in `path` is put.
    public static func successorPath(of path: String) -> String { "\(path).next" }

    /// The key that is to follow the one in `path`: found beside it, put there by an administrator or by an attempt that
    /// did not come to its end, or made there with the owner and the mode of `path`.
    ///
    /// - Throws: `.masterKey` with a sentence that names the path.
    public static func prepareSuccessor(of path: String) throws(KeyError) -> MasterKey {
        guard let present = try read(path) else {
            throw KeyError(.masterKey, "The master key \(path) is not there, so that nothing can follow it.")
        }
        let place = successorPath(of: path)
        if let found = try read(place) {
            guard found.checkValue == present.checkValue else { return found }
            throw KeyError(
                .masterKey,
                "\(place) holds the present master key: put a new one there, or remove that file."
            )
        }
        try create(place, like: path)
        guard let made = try read(place) else {
            throw KeyError(.masterKey, "The master key \(place) vanished while it was made.")
        }
        return made
    }

    /// Puts the successor of the key in `path` in its place; the old one stays as `old`, for backups of the store.
    ///
    /// There is a key in `path` at every moment.
    public static func installSuccessor(of path: String, keepingOldAs old: String) throws(KeyError) {
        guard link(path, old) == 0 || errno == EEXIST else {
            throw KeyError(.masterKey, "The master key \(path) cannot be kept as \(old): \(reason(errno)).")
        }
        let place = successorPath(of: path)
        guard rename(place, path) == 0 else {
            throw KeyError(.masterKey, "\(place) cannot take the place of \(path): \(reason(errno)).")
        }
        syncFolder(of: path)
    }
}
