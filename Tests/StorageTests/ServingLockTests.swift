import Authentication
import FoundationEssentials
import Glibc
import Storage
import TestSupport
import Testing

@Suite("One daemon for one file")
struct ServingLockTests {
    @Test("A second daemon is told who serves already, a command goes beside it")
    func second() async throws {
        let folder = try TemporaryDirectory("ldapauthd-storage")
        let path = folder.path(of: "test.db")
        let first = try await SQLStore.open(.sqlite(path: path), serving: true, logger: .silent)
        let begun = ContinuousClock.now
        await #expect {
            _ = try await SQLStore.open(.sqlite(path: path), serving: true, logger: .silent)
        } throws: { error in
            guard let error = error as? StoreError else { return false }
            return error.code == .unusable && error.detail.contains("another ldapauthd (process \(getpid())) serves")
                && error.detail.contains(path)
        }
        #expect(begun.duration(to: .now) < .seconds(20))
        let command = try await SQLStore.open(.sqlite(path: path), logger: .silent)
        try await command.insert(account("ann"))
        await command.close()
        #expect(try await first.account(foldedName: "ann") != nil)
        #expect(folder.mode(of: "test.db.lock") == 0o600)
        await first.close()
    }

    @Test("By another name for the same file, and after the first has ended")
    func link() async throws {
        let folder = try TemporaryDirectory("ldapauthd-storage")
        let path = folder.path(of: "test.db")
        let alias = folder.path(of: "alias.db")
        do {
            let first = try await SQLStore.open(.sqlite(path: path), serving: true, logger: .silent)
            #expect(symlink(path, alias) == 0)
            await #expect(throws: StoreError(.unusable, "")) {
                _ = try await SQLStore.open(.sqlite(path: alias), serving: true, logger: .silent)
            }
            await first.close()
        }
        // One that ends while the next one waits is waited for.
        let second = try await SQLStore.open(.sqlite(path: alias), serving: true, logger: .silent)
        await second.close()
    }

    @Test("Killed: the next one serves")
    func killed() async throws {
        let folder = try TemporaryDirectory("ldapauthd-storage")
        let path = folder.path(of: "test.db")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            _ = try await SQLStore.open(.sqlite(path: path), serving: true, logger: .silent)
            raise(SIGKILL)
        }
        let next = try await SQLStore.open(.sqlite(path: path), serving: true, logger: .silent)
        await next.close()
    }
}
