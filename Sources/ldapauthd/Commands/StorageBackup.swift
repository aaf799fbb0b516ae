import ArgumentParser
import Storage

/// `ldapauthd storage backup FILE`.
struct StorageBackup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copies the whole store to a new file while the daemon runs.",
        discussion: """
            The copy is the store at one moment, checked before the command ends, readable by its owner only. A file that is \
            there already is left alone. The master key is not in it: keep that too, and somewhere else.

            To restore it, stop the daemon, put the copy in the place of the database, owned by the service's user and without \
            the -wal and -shm files of the old one, and start the daemon.
            """
    )

    @Argument(help: ArgumentHelp("The file to write; it must not exist.", valueName: "file"))
    var file: String
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            Operator.note()
            let configuration = try config.load(filesToo: false)
            try StoreRoom.require(configuration)
            let target = ConfigurationPath.absolute(file)
            // As the owner of the store, so that none of its files becomes root's; the copy is then the caller's.
            let store = try await configuration.openStore(temporarily: true, logger: .quiet)
            do {
                try StoreOwner.resume()
                let begun = ContinuousClock.now
                let size = try await copy(store, of: configuration, to: target)
                let seconds = (ContinuousClock.now - begun) / .seconds(1)
                Operator.leaveTrace("storage backup", outcome: target)
                Terminal.say(
                    "Copied \(Self.amount(size)) to \(target) in \(Self.rounded(seconds)) s; the copy is in order."
                )
                if let key = configuration.masterKeyPath {
                    Terminal.say("It is of use together with the master key only: keep \(key) too, in another place.")
                }
            } catch {
                await store.close()
                throw StoreRoom.failure(error)
            }
            await store.close()
        }
    }

    /// Watches the file grow meanwhile: SQLite itself does not say how far it is.
    private func copy(_ store: SQLStore, of configuration: Configuration, to target: String) async throws -> Int {
        let whole = configuration.storage.sqlitePath.flatMap(FileSize.octets)
        let bar = ProgressBar("Copying", total: whole ?? 0)
        let part = SQLStore.unfinishedBackup(of: target)
        let watch = Task {
            // Cancelled: the copy is made.
            while (try? await Task.sleep(for: .milliseconds(100))) != nil {
                bar.show(FileSize.octets(of: part) ?? 0)
            }
        }
        defer {
            watch.cancel()
            bar.finish()
        }
        bar.show(0)
        try await store.backup(to: target)
        return FileSize.octets(of: target) ?? 0
    }

    private static func amount(_ octets: Int) -> String {
        octets < 10 << 20 ? "\((octets + 1023) >> 10) KiB" : "\(octets >> 20) MiB"
    }

    private static func rounded(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
