import Glibc

/// What shows without a query that nothing was written to a SQLite database: the state of its write-ahead log, into which
/// every commit of every process goes (sqlite.org/wal.html).
struct WriteStamp: Sendable, Equatable {
    private let inode: UInt64
    private let size: Int64
    private let seconds: Int64
    private let nanoseconds: Int64

    /// So long after a write the stamp says nothing. A commit is written to the log first, and others see it only when the disk
    /// has it (`synchronous = FULL`): that may take a busy disk seconds, and leaves no other trace in the log. The kernel's
    /// clock for files, too, goes in ticks of up to 10 ms (stat(2), time(7)).
    static let settling: Int64 = 10_000_000_000

    /// nil while there is no log, or while what was written last may not show yet, or may not be the last.
    init?(ofDatabase path: String) {
        var status = stat()
        guard stat("\(path)-wal", &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = Int64(status.st_mtim.tv_sec)
        nanoseconds = Int64(status.st_mtim.tv_nsec)
        var now = timespec()
        guard clock_gettime(CLOCK_REALTIME, &now) == 0 else { return nil }
        let (age, isFar) = (Int64(now.tv_sec) - seconds).multipliedReportingOverflow(by: 1_000_000_000)
        // A time to come is of a clock that was set back.
        guard isFar || age + Int64(now.tv_nsec) - nanoseconds > Self.settling, Int64(now.tv_sec) >= seconds else {
            return nil
        }
    }
}
