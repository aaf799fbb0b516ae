import ArgumentParser
import Authentication
import Storage
import Tokens

/// `ldapauthd key …`: the keys that sign tokens.
struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Shows and rotates the keys under the tokens.",
        discussion: """
            The daemon rotates its keys by itself (tokens.key_rotation). A running daemon obeys within a second. Run it as root \
            or as the service's user.
            """,
        subcommands: [KeyList.self, KeyRotate.self]
    )
}

/// `ldapauthd key list`.
struct KeyList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the keys, public ones and those of refresh tokens."
    )

    @Flag(help: "One JSON array, for scripts.")
    var json = false
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            try await StoreRoom.look(config) { _, store in
                let keys = try await store.keys()
                if json {
                    Terminal.say(JSONText.array(keys.map(KeyView.json)))
                } else if keys.isEmpty {
                    Terminal.complain("There are no keys yet: the first start of the daemon makes them.")
                } else {
                    Terminal.say(Terminal.table(KeyView.header, keys.map(KeyView.row)))
                }
            }
        }
    }
}

/// `ldapauthd key rotate`.
struct KeyRotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate",
        abstract: "Lets the published next key sign from now on, and publishes a new next one.",
        discussion: """
            Nobody is logged out: the old key verifies until its last token has expired. Verifiers that keep the key set for some \
            minutes know the next key already, unless it was published a moment ago.

            With --master the keys stay, and the key that encrypts them in the store is replaced. It may be interrupted at any \
            point and given again. The old master key is kept beside the new one: backups of the store made before need it.
            """
    )

    @Flag(help: "Replace the master key, which encrypts the keys in the store.")
    var master = false
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            if master { return try await MasterKeyRotation(config: config).run() }
            // Read while root may: the store's owner need not be allowed to.
            let loaded = try config.load(filesToo: false)
            try StoreRoom.require(loaded)
            let held = try loaded.presentMasterKey()
            try await StoreRoom.open(config) { configuration, store in
                guard let masterKey = held, try await !store.keys().isEmpty else {
                    throw CommandFailure(
                        .unavailable,
                        "there are no keys yet: the first start of the daemon makes them"
                    )
                }
                try await Self.rotate(configuration, store, masterKey)
            }
        }
    }

    private static func rotate(_ configuration: Configuration, _ store: SQLStore, _ masterKey: MasterKey) async throws {
        let pools = Pools(hashThreads: 1)
        defer { pools.shutdown() }
        let ring = try await configuration.keyRing(store, masterKey, pools)
        let before = ring.storedKeys.first { $0.use == .sign && $0.phase == .current }
        try await ring.rotate()
        let signing = ring.storedKeys.filter { $0.use == .sign }
        guard let current = signing.first(where: { $0.phase == .current }),
            let next = signing.first(where: { $0.phase == .next })
        else { return }
        Operator.leaveTrace("key rotate", outcome: "\(current.algorithm) key \(current.id) signs")
        Terminal.say(
            "The \(current.algorithm) key \(current.id) signs from now on; \(next.id) is published as the next."
        )
        if let before, let retired = signing.first(where: { $0.id == before.id }), let end = retired.retireAt {
            Terminal.say("The key before, \(retired.id), verifies until \(DateText.utc(end)).")
        }
    }
}

extension Configuration {
    /// The keys of an open store, for a command.
    func keyRing(_ store: SQLStore, _ masterKey: MasterKey, _ pools: Pools) async throws(KeyError) -> KeyRing {
        try await KeyRing.open(
            store: store,
            masterKey: masterKey,
            masterKeys: masterKeys,
            isShared: store.isShared,
            policy: keyPolicy,
            pool: pools.hashing
        )
    }

    /// What `KeyPolicy` needs of the clients, without reading their secrets.
    private var keyPolicy: KeyPolicy {
        KeyPolicy(
            settings: tokens,
            clients: clients.map {
                Tokens.Client(id: $0.id, accessLifetime: $0.accessLifetime, sessionMax: $0.sessionMax)
            }
        )
    }

    /// The master key, which must be there.
    func presentMasterKey() throws(KeyError) -> MasterKey? {
        guard let path = masterKeyPath else { return nil }
        return try MasterKey.load(path: path, creating: false)
    }
}

/// How a key is shown; never its private half.
enum KeyView {
    static let header = ["ID", "USE", "ALGORITHM", "STATE", "MADE", "IN USE SINCE", "KEPT UNTIL"]

    static func row(_ key: StoredKey) -> [String] {
        [
            key.id, use(key), key.algorithm, key.phase.rawValue, DateText.utc(key.createdAt),
            key.activatedAt.map(DateText.utc) ?? "", key.retireAt.map(DateText.utc) ?? "",
        ]
    }

    static func json(_ key: StoredKey) -> String {
        func number(_ moment: Timestamp?) -> String { moment.map { String($0.seconds) } ?? "null" }
        return JSONText.object([
            ("kid", JSONText.string(key.id)),
            ("use", JSONText.string(key.use == .sign ? "sig" : "refresh")),
            ("alg", JSONText.string(key.algorithm)),
            ("state", JSONText.string(key.phase.rawValue)),
            ("created_at", number(key.createdAt)),
            ("activated_at", number(key.activatedAt)),
            ("retire_at", number(key.retireAt)),
        ])
    }

    private static func use(_ key: StoredKey) -> String {
        key.use == .sign ? "access tokens" : "refresh tokens"
    }
}
