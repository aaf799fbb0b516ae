import ArgumentParser

/// `ldapauthd storage …`.
struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage",
        abstract: "Copies the store.",
        subcommands: [StorageBackup.self, StorageMigrate.self]
    )
}
