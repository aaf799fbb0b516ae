import Glibc
import Synchronization

/// How far long work has come, on standard error, when a person sits there; nothing otherwise.
///
///     Importing  ██████████░░░░░░░░░░░░░░  42 %
final class ProgressBar: Sendable {
    private static let width = 24
    /// Oftener nobody can read it.
    private static let pause = Duration.milliseconds(100)

    private struct State {
        var lastDrawn: ContinuousClock.Instant?
        var lastText = ""
    }

    private let title: String
    private let total: Int
    private let isShown: Bool
    private let state = Mutex(State())

    /// - Parameter total: what `show` counts up to.
    init(_ title: String, total: Int) {
        self.title = title
        self.total = max(1, total)
        isShown = isatty(STDERR_FILENO) == 1
    }

    /// So much is done.
    func show(_ done: Int) {
        guard isShown else { return }
        state.withLock { state in
            let now = ContinuousClock.now
            if let last = state.lastDrawn, now - last < Self.pause { return }
            let text = Self.text(title, done: done, total: total)
            guard text != state.lastText else { return }
            state.lastDrawn = now
            state.lastText = text
            Self.write("\r\(text)\u{1B}[K")
        }
    }

    /// Leaves no trace of it, so that what follows begins on an empty line.
    func finish() {
        state.withLock { state in
            guard !state.lastText.isEmpty else { return }
            state.lastText = ""
            Self.write("\r\u{1B}[K")
        }
    }

    /// What a line of it says.
    static func text(_ title: String, done: Int, total: Int) -> String {
        let part = min(max(0, done), total)
        let filled = part * width / total
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        return "\(title)  \(bar)  \(part * 100 / total) %"
    }

    private static func write(_ text: String) {
        let octets = Array(text.utf8)
        // A terminal that is gone is no reason to stop the work.
        _ = unsafe octets.withUnsafeBytes { unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
