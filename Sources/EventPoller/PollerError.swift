import Glibc

/// The kernel refused a descriptor or a thread, or the poller was shut down.
public struct PollerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The call that failed.
    public let call: String
    /// errno(3), or `ESHUTDOWN` after `shutdown()`.
    public let number: Int32

    init(_ call: String, _ number: Int32) {
        self.call = call
        self.number = number
    }

    /// The call and the system's sentence.
    public var description: String { unsafe "\(call): \(String(cString: strerror(number)))" }
}
