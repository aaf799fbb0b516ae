import FoundationEssentials
import Synchronization
import TestSupport
import Testing

/// What must not be in the log, besides what clients send and get.
extension Daemon {
    /// Looks through everything it has logged, at the level “trace”, for every secret that any test has used so far.
    func expectNoSecretInTheLog() async {
        knowFiles()
        await knowHashes()
        isSearched.withLock { $0 = true }
        do {
            let leaks = try await KnownSecrets.shared.leaks(inFile: home.path(of: "log"))
            #expect(leaks.isEmpty, "secrets are in the log")
        } catch {
            Issue.record(error)
        }
    }

    /// What a command is given: passwords and secrets on standard input, hashes in the files it imports.
    func know(_ arguments: [String], _ input: String) {
        // Whoever may list processes sees them: none is a secret.
        for argument in arguments { KnownSecrets.shared.add(name: argument) }
        let words = Set(arguments)
        if words.contains("--password-file") || words.contains("hash-secret") || words.contains("password") {
            for line in input.split(separator: "\n") { KnownSecrets.shared.add(String(line)) }
        }
        guard words.contains("import") else { return }
        for argument in arguments where argument.hasPrefix("/") {
            for field in text(ofFile: argument).split(whereSeparator: { ":,\n".contains($0) })
            where field.hasPrefix("$") || field.hasPrefix("{") { KnownSecrets.shared.add(String(field)) }
        }
    }

    /// The files that the configuration names for secrets and keys, and the master key that was made.
    func knowFiles() {
        KnownSecrets.shared.add(linesOf: home.path(of: "master.key"))
        let setting = /^\s*([a-z_]*(?:password|secret|key)[a-z_]*_file)\s*=\s*"([^"]+)"/
        for line in text(ofFile: configurationFile).split(separator: "\n") {
            guard let found = line.firstMatch(of: setting), found.output.1 != "keytab_file" else { continue }
            let path = String(found.output.2)
            KnownSecrets.shared.add(linesOf: path.hasPrefix("/") ? path : home.path(of: path))
        }
    }

    /// The hashes of its local accounts, imported ones too.
    private func knowHashes() async {
        let store = home.path(of: "store.db")
        guard FileManager.default.fileExists(atPath: store) else { return }
        let found = try? await ChildProcess.run(
            "sqlite3",
            ["-readonly", store, "SELECT password_hash FROM account WHERE password_hash IS NOT NULL"]
        )
        for hash in found?.output.split(separator: "\n") ?? [] { KnownSecrets.shared.add(String(hash)) }
    }
}
