import TestSupport
import Testing

/// What must not be in a machine's journal, besides what clients send and get.
extension Machine {
    /// Passwords and secrets on the standard input of commands.
    func know(_ words: [String], _ input: String) {
        let line = words.joined(separator: " ")
        guard ["--password-file", "hash-secret", "/credentials/"].contains(where: { line.range(of: $0) != nil }) else {
            return
        }
        for secret in input.split(separator: "\n") { KnownSecrets.shared.add(String(secret)) }
    }

    /// Looks through the whole journal, with all its fields, for every secret that any test has used so far.
    func expectNoSecretInTheJournal() async throws {
        for folder in ["/etc/ldapauthd/credentials", "/var/lib/ldapauthd"] {
            let files = try await command("find", folder, "-type", "f", "-not", "-name", "*.db*").output
            for file in files.split(separator: "\n") { KnownSecrets.shared.add(linesOf: path(of: String(file))) }
        }
        let folder = try TemporaryDirectory("ldapauthd-journal")
        let written = try ChildProcess.start(
            "\(MachineImage.repository)/scripts/machine",
            ["enter", "\(pid)", "journalctl", "--no-pager", "-b", "-o", "export"],
            outputFile: folder.path(of: "journal")
        )
        #expect(try await written.wait(within: .seconds(120)) == .code(0))
        let size = bytes(ofFile: folder.path(of: "journal")).count
        #expect(size > 10_000, "the journal is read")
        let leaks = try await KnownSecrets.shared.leaks(inFile: folder.path(of: "journal"))
        #expect(leaks.isEmpty, "secrets are in the journal: \(leaks)")
    }
}
