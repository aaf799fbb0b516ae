import Testing

@testable import ldapauthd

/// What a reload refuses to change, by the key an administrator would look for.
@Suite struct FixedSettingsTests {
    private func configuration(_ section: String, _ line: String) throws -> Configuration {
        let text = """
            [\(section)]
            \(line)
            [[client]]
            id = "login"
            grants = ["password"]
            scopes = ["api"]
            """
        return try Configuration.parse(text, file: "/etc/ldapauthd/ldapauthd.toml", filesToo: false)
    }

    @Test(arguments: [
        ("storage", "url = \"sqlite:/tmp/other.db\"", "storage.url"),
        ("storage", "pool = 3", "storage.pool"),
        ("tokens", "master_key_file = \"other.key\"", "tokens.master_key_file"),
        ("http", "listen = [\"127.0.0.1:9\"]", "http.listen"),
        ("http", "admin_listen = []", "http.admin_listen"),
        ("http", "max_body = \"1MiB\"", "http.max_body"),
        ("http", "request_timeout = \"1s\"", "http.request_timeout"),
        ("http", "idle_timeout = \"1s\"", "http.idle_timeout"),
        ("http", "max_connections = 5", "http.max_connections"),
        ("http", "shutdown_grace = \"1s\"", "http.shutdown_grace"),
        ("http.tls", "certificate_file = \"c.pem\"\nkey_file = \"k.pem\"", "http.tls"),
        ("local", "max_parallel_hashes = 3", "local.max_parallel_hashes"),
        ("log", "format = \"json\"", "log.format"),
        ("kerberos", "keytab_file = \"http.keytab\"", "kerberos.keytab_file"),
    ])
    func isNamed(_ section: String, _ line: String, _ key: String) throws {
        let old = try configuration("log", "")
        let new = try configuration(section, line)
        #expect(FixedSettings.changed(from: old, to: new) == [key])
        #expect(throws: CommandFailure.self) { try FixedSettings.requireSame(old, new) }
        #expect(throws: Never.self) { try FixedSettings.requireSame(new, new) }
    }

    @Test(arguments: [
        ("log", "level = \"debug\""), ("log", "audit = false"), ("tokens", "access_lifetime = \"1m\""),
        ("http", "cors_origins = [\"https://a.example\"]"), ("http", "trusted_proxies = [\"10.0.0.0/8\"]"),
        ("http", "require_tls = true"), ("local", "argon2_iterations = 3"),
        ("kerberos", "channel_binding = \"none\""), ("kerberos", "service = \"ldapauthd\""),
    ])
    func theRestIsFree(_ section: String, _ line: String) throws {
        let (old, new) = (try configuration("log", ""), try configuration(section, line))
        #expect(FixedSettings.changed(from: old, to: new).isEmpty)
    }
}
