import Authentication
import DirectoryAuth
import EventPoller
import Logging
import Storage
import Tokens

/// A change of the password of a directory's person on the command line: as the person, with the present password.
struct DirectoryPassword {
    private let configuration: Configuration
    private let directory: Configuration.Directory
    private let name: String

    /// Nil unless the name is written `DIRECTORY:NAME`; local accounts have no colon in theirs.
    init?(_ text: String, _ config: ConfigurationOption) throws {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let source = String(text[..<colon])
        var configuration = try config.load().holdingSecrets()
        // Whoever is unknown there is not looked for among the local accounts.
        configuration.authentication.fallbackToLocal = []
        self.configuration = configuration
        guard let directory = configuration.directories.first(where: { $0.name == source }) else {
            let known = configuration.directories.map(\.name).joined(separator: ", ")
            throw CommandFailure(
                .badInput,
                "“\(source)” is the name of no [[directory]]; there are: \(known.isEmpty ? "none" : known)"
            )
        }
        self.directory = directory
        name = String(text[text.index(after: colon)...])
    }

    /// Changes it, ends the person's sessions, and returns the canonical name.
    func change(from oldFile: String?, to newFile: String?) async throws -> String {
        let old = try PasswordPrompt.read(from: oldFile, prompt: "Present password of \(name)")
        let new = try PasswordPrompt.read(from: newFile, prompt: "New password for \(name)", twice: true)
        let store = try await configuration.openStore(logger: .quiet)
        let pools = Pools(hashThreads: 1)
        let poller = try EventPoller()
        let sources = try Sources(
            configuration,
            accounts: store,
            poller: poller,
            pools: pools,
            offline: store,
            logger: .quiet
        )
        let result = await sources.authenticator.changePassword(
            PasswordChangeRequest(
                account: .named(name, .directory(SourceID(directory.id))),
                old: old,
                new: new
            )
        )
        if case .changed(let identity) = result {
            _ = try await store.end(.identity(identity.key), now: SystemWallClock().now())
        }
        await sources.shutdown()
        await store.close()
        pools.shutdown()
        poller.shutdown()
        return try told(result)
    }

    private func told(_ result: PasswordChangeResult) throws(CommandFailure) -> String {
        switch result {
        case .changed(let identity):
            return identity.username
        case .rejected(let rejection):
            throw CommandFailure(.refused, "refused: \(rejection.reason.rawValue) \(rejection.detail)")
        case .refused(let refusal):
            let said = refusal.detail.isEmpty ? "" : " (\(refusal.detail))"
            throw CommandFailure(.refused, "\(refusal.sentence)\(said)")
        case .unavailable(let outage):
            throw CommandFailure(.unavailable, outage.detail)
        }
    }
}
