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

    private struct Loss {
        var begun: ContinuousClock.Instant
        var ended: ContinuousClock.Instant
        var lost: Duration
    }

    private static let losses = Mutex<[Loss]>([])
    /// When the turn that goes on began; made by the first who asks.
    private static let turn = Mutex(start())

    /// Begins to measure, if nobody has.
    public static func watch() { turn.withLock { _ in } }

    /// What was lost from an instant to now, or to another.
    public static func since(_ begun: ContinuousClock.Instant, until ended: ContinuousClock.Instant = .now) -> Duration
    {
        let current = turn.withLock { $0 }
        let sum = losses.withLock { losses in
            losses.reversed().prefix { $0.ended >= begun }.filter { $0.begun <= ended }.reduce(.zero) { $0 + $1.lost }
        }
        // A turn that has not ended loses time, too.
        return sum + (current <= ended ? max(.zero, ContinuousClock.now - current - sleep - flush) : .zero)
    }

    private static func start() -> ContinuousClock.Instant {
        startThread { measure() }
        return .now
    }

    private static func measure() {
        var path = Array("/tmp/ldapauthd-lost-time-XXXXXX".utf8CString)
        let file = mkstemp(&path)
        precondition(file >= 0, "\(String(cString: strerror(errno)))")
        unlink(path)
        while true {
            let begun = ContinuousClock.now
            turn.withLock { $0 = begun }
            usleep(25_000)
            pwrite(file, "x", 1, 0)
            fdatasync(file)
            let ended = ContinuousClock.now
            let lost = ended - begun - sleep - flush
            guard lost > .zero else { continue }
            losses.withLock { $0.append(Loss(begun: begun, ended: ended, lost: lost)) }
        }
    }
}
