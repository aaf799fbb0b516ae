/// What is made once for the life of the process, and so cannot change by a reload.
///
/// A reload that finds one of these changed is refused as a whole: a daemon that took the rest would run by a
/// configuration that stands in no file.
enum FixedSettings {
    /// The keys whose values differ, as the configuration spells them.
    static func changed(from old: Configuration, to new: Configuration) -> [String] {
        keys.filter { $0.value(old) != $0.value(new) }.map(\.key)
    }

    /// - Throws: a configuration failure that names every such key and the remedy.
    static func requireSame(_ old: Configuration, _ new: Configuration) throws(CommandFailure) {
        let changed = changed(from: old, to: new)
        guard !changed.isEmpty else { return }
        let one = changed.count == 1
        throw CommandFailure(
            .configuration,
            "\(changed.joined(separator: ", ")) cannot change while the daemon runs: restart it, or put the old "
                + "\(one ? "value" : "values") back and reload again"
        )
    }

    private static let keys: [(key: String, value: @Sendable (Configuration) -> String)] = [
        ("storage.url", { $0.storage.url }),
        ("storage.password_file", { $0.storage.passwordFile?.absoluteSpelling ?? "" }),
        ("storage.pool", { "\($0.storage.pool)" }),
        ("tokens.master_key_file", { $0.masterKeyFile?.absoluteSpelling ?? "" }),
        ("http.listen", { "\($0.http.listen)" }),
        ("http.admin_listen", { "\($0.http.adminListen)" }),
        // Whether TLS is spoken; which certificate may change.
        ("http.tls", { "\($0.http.tls == nil)" }),
        ("http.max_body", { "\($0.http.maxBody)" }),
        ("http.request_timeout", { "\($0.http.requestTimeout)" }),
        ("http.idle_timeout", { "\($0.http.idleTimeout)" }),
        ("http.max_connections", { "\($0.http.maxConnections)" }),
        ("http.shutdown_grace", { "\($0.http.shutdownGrace)" }),
        // Whether tickets are taken, which need longer header fields than a connection allows otherwise; which keytab may change.
        ("kerberos.keytab_file", { "\($0.kerberos.keytab == nil)" }),
        ("local.max_parallel_hashes", { "\($0.local.maxParallelHashes)" }),
        ("log.format", { $0.log.format.rawValue }),
    ]
}
