import Authentication
import Synchronization

/// Keeps SQLite's write-ahead log short beside the writer, so that no commit waits while thousands of pages are copied into the
/// database (sqlite.org/wal.html#ckpt).
///
/// A log begins anew only when all of it was copied, and while others write, what was written meanwhile is always missing. So a
/// connection of its own copies the bulk while the writer goes on, and the writer the few pages that are left.
final class LogKeeper: Sendable {
    private enum State {
        case resting
        case copying
        /// The bulk is in the database.
        case copied
        case closed
    }

    /// Pages of the log, four times SQLite's own limit: a page that is written again meanwhile is copied once.
    static let limit = 4000
    /// Where a reader that does not end keeps the log from beginning anew, the next attempt comes after so many further pages.
    static let step = 1000

    private struct Turn {
        var state = State.resting
        var nextAttempt = LogKeeper.limit
        var copier: SQLiteCopier
    }

    private let turn: Mutex<Turn>

    init(path: String) {
        turn = Mutex(Turn(copier: SQLiteCopier(path: path)))
    }

    /// Called by the writer after each commit, between two transactions.
    ///
    /// - Returns: whether the writer shall copy what is left.
    func committed(pages: Int) -> Bool {
        let (copier, isLeftToWriter) = turn.withLock { turn -> (SQLiteCopier?, Bool) in
            switch turn.state {
            case .copied:
                turn.state = .resting
                turn.nextAttempt = max(Self.limit, pages + Self.step)
                return (nil, true)
            case .resting where pages < Self.limit:
                turn.nextAttempt = Self.limit
                return (nil, false)
            case .resting where pages >= turn.nextAttempt:
                turn.state = .copying
                return (turn.copier, false)
            case .resting, .copying, .closed:
                return (nil, false)
            }
        }
        if let copier {
            Task {
                await copier.copy()
                turn.withLock { if $0.state == .copying { $0.state = .copied } }
            }
        }
        return isLeftToWriter
    }

    /// No copy is under way, nor left to the writer.
    var isResting: Bool { turn.withLock { $0.state == .resting } }

    /// Ends, once a copy that is under way is through.
    func close() async {
        let copier = turn.withLock { turn in
            turn.state = .closed
            return turn.copier
        }
        await copier.close()
    }
}

/// The connection that copies, opened when it is needed first.
actor SQLiteCopier {
    private let executor = QueueExecutor(label: "ldapauthd.sqlite.log")
    private let path: String
    private var connection: SQLiteConnection?
    private var isClosed = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(path: String) {
        self.path = path
    }

    /// Copies what it can; what it cannot, the writer copies after it, and its failure is the one that is told.
    func copy() {
        guard !isClosed else { return }
        if connection == nil { connection = try? SQLiteConnection(path: path, readOnly: false) }
        _ = try? connection?.query("PRAGMA wal_checkpoint(PASSIVE)")
    }

    func close() {
        isClosed = true
        connection?.close()
        connection = nil
    }
}
