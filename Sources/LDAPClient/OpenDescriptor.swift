import Glibc
import Synchronization

/// A descriptor that is closed when the last reference goes, unless it was handed on before.
final class OpenDescriptor: Sendable {
    private let number: Mutex<Int32?>

    init(_ number: Int32) { self.number = Mutex(number) }

    deinit {
        if let number = take() { close(number) }
    }

    /// Gives the descriptor away: the caller closes it from now on. Nil the second time.
    func take() -> Int32? { number.withLock { $0.take() } }

    /// The descriptor, while it is here.
    var raw: Int32? { number.withLock { $0 } }

    /// Breaks the connection, so that a thread that blocks on it returns (shutdown(2)).
    func shutDown() {
        if let raw { shutdown(raw, Int32(SHUT_RDWR)) }
    }
}
