import Authentication
import FoundationEssentials
import Glibc
import Logging
import Storage
import Testing

/// Where the conformance suite runs; a further database is a further case.
enum Backend: CaseIterable, Sendable, CustomTestStringConvertible {
    case memory
    case file

    var testDescription: String { "\(self)" }

    /// Runs `body` on a new, empty store.
    func withStore(
        clock: any WallClock = FixedClock(),
        _ body: (SQLStore) async throws -> Void
    ) async throws {
        let folder = try Folder()
        let url: StorageURL =
            switch self {
            case .memory: .sqliteMemory
            case .file: .sqlite(path: folder.path(of: "test.db"))
            }
        let store = try await SQLStore.open(url, clock: clock, logger: .silent)
        do {
            try await body(store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }
}

/// A folder that goes away with its last reference.
final class Folder: Sendable {
    let path: String

    init() throws {
        let path = "/tmp/ldapauthd-storage-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        self.path = path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func path(of name: String) -> String { "\(path)/\(name)" }

    /// The permission bits of a file, or nil when there is none.
    func mode(of name: String) -> UInt32? {
        var status = stat()
        return stat(path(of: name), &status) == 0 ? status.st_mode & 0o7777 : nil
    }
}

/// A clock that stands still.
struct FixedClock: WallClock {
    var time = Timestamp(seconds: 1_790_000_000)

    func now() -> Timestamp { time }
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
