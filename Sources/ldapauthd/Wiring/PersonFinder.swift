import Authentication
import Storage

/// Whom `--user NAME` means: a local account, `source:name` for somebody of a directory, or a `sub`.
struct PersonFinder {
    /// Somebody, for good.
    struct Found {
        /// As the commands call him.
        var name: String
        /// Several when a name went to another person, whose sessions may live on.
        var keys: [IdentityKey]
    }

    let configuration: Configuration
    let store: SQLStore

    /// - Throws: `.refused` when nobody is meant, with a sentence on how it is written.
    func find(_ text: String) async throws -> Found {
        guard let colon = text.firstIndex(of: ":") else { return try await local(text) }
        if let key = IdentityKey(subject: text), let found = try await subject(key) { return found }
        let (prefix, name) = (String(text[..<colon]), String(text[text.index(after: colon)...]))
        if prefix == "local" || prefix == "0" { return try await local(name) }
        let sources = try await sources(prefix)
        guard !sources.isEmpty else {
            let known = (["local"] + configuration.directories.map(\.name)).joined(separator: ", ")
            throw CommandFailure(.refused, "there is no source “\(Terminal.plain(prefix))”; there are: \(known)")
        }
        var people: [KnownPerson] = []
        for source in sources { people += try await store.people(named: name, of: source) }
        guard let first = people.first else {
            throw CommandFailure(
                .refused,
                "nobody called “\(Terminal.plain(name))” of \(Terminal.plain(prefix)) has logged in here"
            )
        }
        return Found(name: Terminal.plain("\(first.sourceName):\(first.username)"), keys: people.map(\.key))
    }

    private func subject(_ key: IdentityKey) async throws -> Found? {
        if key.source == .local, let account = try await store.accounts().first(where: { $0.stableID == key.stableID })
        {
            return Found(name: Terminal.plain(account.name), keys: [key])
        }
        guard let person = try await store.person(key) else { return nil }
        return Found(name: Terminal.plain(name(of: person)), keys: [key])
    }

    private func local(_ name: String) async throws -> Found {
        var keys: [IdentityKey] = []
        var shown = name
        if let account = try await store.account(foldedName: UsernameFolding.fold(name)) {
            keys = [IdentityKey(source: .local, stableID: account.stableID)]
            shown = account.name
        } else {
            // Removed, but there was a login.
            let people = try await store.people(named: name, of: .local)
            keys = people.map(\.key)
            shown = people.last?.username ?? name
        }
        guard !keys.isEmpty else {
            let example = configuration.directories.first.map { "; somebody of a directory is written \($0.name):NAME" }
            throw CommandFailure(.refused, "there is no local account “\(Terminal.plain(name))”\(example ?? "")")
        }
        return Found(name: Terminal.plain(shown), keys: keys)
    }

    /// By the name in the configuration, by number, or by a name a source had once.
    private func sources(_ name: String) async throws -> [SourceID] {
        if let directory = configuration.directories.first(where: { $0.name == name || String($0.id) == name }) {
            return [SourceID(directory.id)]
        }
        return try await store.sources(named: name)
    }

    private func name(of person: KnownPerson) -> String {
        person.key.source == .local ? person.username : "\(person.sourceName):\(person.username)"
    }
}
