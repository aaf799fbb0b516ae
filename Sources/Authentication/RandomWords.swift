internal import CSodium
internal import Synchronization

/// Random numbers of the system's generator, fetched many at a time: getrandom(2) for eight octets costs more than the rest
/// of an identifier.
///
/// Each is handed out once and is zero here afterwards. For identifiers, not for keys. The process does not fork, so no two share
/// what is left.
public enum RandomWords {
    private struct State {
        /// The first `left` have not been handed out.
        var words = [UInt64](repeating: 0, count: 128)
        var left = 0

        mutating func next() -> UInt64 {
            if left == 0 {
                let count = words.count
                unsafe randombytes_buf(&words, count * MemoryLayout<UInt64>.stride)
                left = count
            }
            left -= 1
            defer { words[left] = 0 }
            return words[left]
        }
    }

    private static let state = Mutex(State())

    /// The next one.
    public static func next() -> UInt64 {
        state.withLock { $0.next() }
    }

    /// The next two.
    public static func pair() -> (UInt64, UInt64) {
        state.withLock { ($0.next(), $0.next()) }
    }
}
