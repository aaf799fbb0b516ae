import ArgumentParser
import Authentication
import Storage

/// `ldapauthd storage migrate URL`.
struct StorageMigrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Copies the whole SQLite store into an empty PostgreSQL database.",
        discussion: """
            Stop the daemon first. Everything goes in one transaction and is compared row by row before it counts: when \
            something is wrong, or the command is interrupted, PostgreSQL stays empty and can be tried again. The SQLite \
            database is only read.

            Afterwards write the URL into storage.url, the password's file into storage.password_file and the present master \
            key's into tokens.master_key_file. Nobody has to log in again.
            """
    )

    @Argument(
        help: ArgumentHelp("The database, for example postgresql://ldapauthd@db.example/ldapauthd.", valueName: "url")
    )
    var url: String
    @Option(help: ArgumentHelp("A file with the password for it.", valueName: "file"))
    var passwordFile: String?
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            Operator.note()
            let configuration = try config.load(filesToo: false)
            try StoreRoom.require(configuration)
            guard let path = configuration.storage.sqlitePath else {
                throw CommandFailure(.badInput, "storage.url is PostgreSQL already: there is nothing to copy")
            }
            do {
                let target = try PostgreSQLURL(url)
                guard try !target.hasPassword else {
                    throw CommandFailure(
                        .badInput,
                        "the URL holds a password, which everybody on this machine can read in the list of processes: use "
                            + "--password-file"
                    )
                }
                // One reader, so that a change by anybody else is seen.
                let source = try await configuration.openStore(
                    serving: true,
                    temporarily: true,
                    readers: 1,
                    logger: .quiet
                )
                try StoreOwner.resume()
                let report = try await closing(source) { try await transfer(source, to: target) }
                Operator.leaveTrace("storage migrate", outcome: "\(target)")
                tell(report, path, target, configuration)
            } catch {
                throw StoreRoom.failure(error)
            }
        }
    }

    private func transfer(_ source: SQLStore, to target: PostgreSQLURL) async throws -> StoreTransfer.Report {
        let store = try await SQLStore.open(
            .postgresql(target),
            readers: 1,
            passwordFile: passwordFile.map { ConfigurationPath.absolute($0) },
            logger: .quiet
        )
        return try await closing(store) {
            let bar = ProgressBar("Copying", total: 1000)
            defer { bar.finish() }
            return try await StoreTransfer(from: source, to: store).run { done, total in
                bar.show(done * 1000 / max(1, total))
            }
        }
    }

    private func closing<Value>(_ store: SQLStore, _ work: () async throws -> Value) async throws -> Value {
        do {
            let value = try await work()
            await store.close()
            return value
        } catch {
            await store.close()
            throw error
        }
    }

    private func tell(
        _ report: StoreTransfer.Report,
        _ path: String,
        _ target: PostgreSQLURL,
        _ configuration: Configuration
    ) {
        let rows = report.rows.filter { $0.value > 0 }.sorted { $0.key < $1.key }
        if !rows.isEmpty { Terminal.say(Terminal.table(["TABLE", "ROWS"], rows.map { [$0.key, String($0.value)] })) }
        Terminal.say("Copied \(report.total) rows from \(path) to \(target), and each is there as it was.")
        Terminal.say("Now write into the configuration:")
        Terminal.say("  [storage] url = \"\(url)\"")
        if let passwordFile {
            Terminal.say("  [storage] password_file = \"\(ConfigurationPath.absolute(passwordFile))\"")
        }
        if let key = configuration.masterKeyFile?.absoluteSpelling ?? configuration.masterKeyPath {
            Terminal.say("  [tokens] master_key_file = \"\(key)\"")
        }
        Terminal.say("and start the daemon. Nobody has to log in again.")
    }
}
