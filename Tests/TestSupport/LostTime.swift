import Glibc
import Synchronization

/// What the machine takes from everybody: a thread that sleeps for a moment and writes a byte to the disk, again and again, and
/// notes by how much that took longer than it should.
///
/// A bound of a test is what the daemon promises and what was lost meanwhile: on a machine that stands still for a second, every
/// answer takes a second longer.
public enum LostTime {
    /// What a turn of the thread may take: its sleep, and a flush of a disk that is well.
    private static let sleep = Duration.milliseconds(25)
    private static let flush = Duration.milliseconds(10)

    /// A sleep and a flush.
    private struct Turn {
        var begun: ContinuousClock.Instant
        /// Nil while it goes on.
        var ended: ContinuousClock.Instant?

        /// What of it was lost between two instants.
        func lost(_ from: ContinuousClock.Instant, _ to: ContinuousClock.Instant) -> Duration {
            let ended = ended ?? .now
            let lost = ended - begun - LostTime.sleep - LostTime.flush
            return max(.zero, min(lost, min(ended, to) - max(begun, from)))
        }
    }

    /// Those in which something was lost, and the one that goes on; begun by the first who asks.
    private static let turns = Mutex(start())

    /// Begins to measure, if nobody has.
    public static func watch() { turns.withLock { _ in } }

    /// What was lost from an instant to now, or to another.
    public static func since(_ begun: ContinuousClock.Instant, until ended: ContinuousClock.Instant = .now) -> Duration
    {
        losses(begun, ended).reduce(.zero, +)
    }

    /// The longest time for which it stood still meanwhile.
    public static func longest(
        since begun: ContinuousClock.Instant,
        until ended: ContinuousClock.Instant = .now
    ) -> Duration {
        losses(begun, ended).max() ?? .zero
    }

    private static func losses(_ from: ContinuousClock.Instant, _ to: ContinuousClock.Instant) -> [Duration] {
        turns.withLock { turns in
            turns.reversed().prefix { $0.ended ?? to >= from }.map { $0.lost(from, to) }.filter { $0 > .zero }
        }
    }

    private static func start() -> [Turn] {
        startThread { measure() }
        return []
    }

    private static func measure() {
        var path = Array("/tmp/ldapauthd-lost-time-XXXXXX".utf8CString)
        let file = mkstemp(&path)
        precondition(file >= 0, "\(String(cString: strerror(errno)))")
        unlink(path)
        while true {
            turns.withLock { turns in
                // A turn in which nothing was lost is forgotten.
                if let last = turns.last, last.lost(last.begun, last.ended ?? .now) == .zero { turns.removeLast() }
                turns.append(Turn(begun: .now))
            }
            usleep(25_000)
            pwrite(file, "x", 1, 0)
            fdatasync(file)
            turns.withLock { $0[$0.count - 1].ended = .now }
        }
    }
}
