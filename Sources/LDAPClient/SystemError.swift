import Glibc

/// An errno(3).
struct SystemError: Error, Sendable, Hashable, CustomStringConvertible {
    let number: Int32

    /// The system's sentence.
    var description: String { unsafe String(cString: strerror(number)) }
}
