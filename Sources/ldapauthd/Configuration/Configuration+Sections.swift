import Authentication
import Storage
import Tokens

extension Configuration.HTTP {
    static func read(_ table: ConfigurationTable, folder: String) -> Configuration.HTTP {
        let timeouts: ClosedRange<Duration> = .milliseconds(100)...(.seconds(3600))
        let result = Configuration.HTTP(
            listen: table.strings("listen", default: ["127.0.0.1:8480"]).map { absolute($0, in: folder) },
            adminListen: table.strings("admin_listen", default: ["127.0.0.1:8481"]).map { absolute($0, in: folder) },
            basePath: table.string("base_path", default: ""),
            trustedProxies: table.strings("trusted_proxies"),
            requireTLS: table.bool("require_tls", default: false),
            allowCleartext: table.bool("allow_cleartext", default: false),
            corsOrigins: table.strings("cors_origins"),
            maxBody: table.size("max_body", in: 1024...(16 << 20), default: 64 << 10),
            requestTimeout: table.duration("request_timeout", in: timeouts, default: .seconds(30)),
            idleTimeout: table.duration("idle_timeout", in: timeouts, default: .seconds(60)),
            maxConnections: table.integer("max_connections", in: 1...1_000_000, default: 10_000),
            shutdownGrace: table.duration("shutdown_grace", in: .zero...(.seconds(600)), default: .seconds(20)),
            tls: table.has("tls") ? TLS.read(table.subtable("tls"), folder: folder) : nil
        )
        if result.listen.isEmpty {
            table.refuse("listen", "is empty: name at least one address, for example 127.0.0.1:8480")
        }
        table.refuseUnknownKeys()
        return result
    }
}

extension Configuration.HTTP {
    /// The path of a Unix socket is relative to the configuration file, like every path.
    private static func absolute(_ listener: String, in folder: String) -> String {
        guard listener.hasPrefix("unix:") else { return listener }
        return "unix:" + ConfigurationPath.absolute(String(listener.dropFirst("unix:".count)), in: folder)
    }
}

extension Configuration.HTTP.TLS {
    static func read(_ table: ConfigurationTable, folder: String) -> Configuration.HTTP.TLS {
        let result = Configuration.HTTP.TLS(
            certificateFile: ConfigurationPath.absolute(
                table.required("certificate_file", "the PEM file of the certificate and its chain"),
                in: folder
            ),
            keyFile: ConfigurationPath.absolute(table.required("key_file", "the PEM file of the key"), in: folder)
        )
        table.refuseUnknownKeys()
        return result
    }
}

extension Configuration.Storage {
    static func read(_ table: ConfigurationTable, folder: String) -> Configuration.Storage {
        var result = Configuration.Storage(
            url: table.string("url", default: "sqlite:/var/lib/ldapauthd/ldapauthd.db"),
            passwordFile: table.string("password_file").map { SecretFile($0, relativeTo: folder) },
            pool: table.integer("pool", in: 1...64, default: 8)
        )
        if result.isPostgreSQL {
            result.checkPostgreSQL(table)
        } else if !result.url.hasPrefix("sqlite:") || result.url == "sqlite:" {
            table.refuse(
                "url",
                "“\(result.url)” is no database: write sqlite:/path/to/ldapauthd.db or postgresql://user@host/database"
            )
        } else {
            if let path = result.sqlitePath { result.url = "sqlite:" + ConfigurationPath.absolute(path, in: folder) }
            if result.passwordFile != nil {
                table.refuse("password_file", "is for PostgreSQL: with SQLite leave it out")
            }
        }
        table.refuseUnknownKeys()
        return result
    }

    /// True when any number of nodes may share it.
    var isPostgreSQL: Bool { url.hasPrefix("postgresql:") || url.hasPrefix("postgres:") }

    /// True when the database is asked over a network without a look at its certificate.
    var trustsNetwork: Bool { isPostgreSQL && (try? PostgreSQLURL(url).trustsNetwork) == true }

    private func checkPostgreSQL(_ table: ConfigurationTable) {
        do throws(StoreError) {
            guard try PostgreSQLURL(url).hasPassword else { return }
            table.refuse("url", "holds a password: write it into a file of its own, named in storage.password_file")
        } catch {
            table.refuse("url", error.detail)
        }
    }
}

extension Configuration.Local {
    static func read(_ table: ConfigurationTable) -> Configuration.Local {
        let result = Configuration.Local(
            argon2Memory: table.size("argon2_memory", in: Argon2Parameters.memoryRange, default: 19 << 20),
            argon2Iterations: table.integer("argon2_iterations", in: Argon2Parameters.iterationsRange, default: 2),
            maxParallelHashes: table.integer("max_parallel_hashes", in: 0...1024, default: 0)
        )
        table.refuseUnknownKeys()
        return result
    }
}

extension Configuration.Log {
    static func read(_ table: ConfigurationTable) -> Configuration.Log {
        let result = Configuration.Log(
            level: table.choice("level", default: .info),
            format: table.choice("format", default: .auto),
            audit: table.bool("audit", default: true)
        )
        table.refuseUnknownKeys()
        return result
    }
}

extension Configuration.Client {
    static func read(_ table: ConfigurationTable, folder: String, sources: SourceNames) -> Configuration.Client {
        let lifetime: ClosedRange<Duration> = .seconds(1)...(.seconds(3650 * 86400))
        func optionalLifetime(_ key: String) -> Duration? {
            table.has(key) ? table.duration(key, in: lifetime, default: .seconds(300)) : nil
        }
        let result = Configuration.Client(
            id: table.required("id", "the client_id"),
            secretHash: table.string("secret_hash_file").map { SecretFile($0, relativeTo: folder) },
            secret: table.string("secret_file").map { SecretFile($0, relativeTo: folder) },
            grants: Set(
                table.strings("grants").compactMap { word in
                    if let grant = Grant(rawValue: word) { return grant }
                    let words = Grant.allCases.map { "“\($0.rawValue)”" }.joined(separator: ", ")
                    table.refuse("grants", "“\(word)” is none of \(words)")
                    return nil
                }
            ),
            scopes: table.strings("scopes"),
            defaultScopes: table.strings("default_scopes"),
            audience: table.strings("audience"),
            sources: sources.resolve(table.strings("sources"), key: "sources", in: table),
            redirectURL: table.string("redirect_url"),
            editorGroups: table.strings("editor_groups"),
            groupFilter: table.string("group_filter", default: "*"),
            maxGroups: table.integer("max_groups", in: 0...100_000, default: 200),
            accessLifetime: optionalLifetime("access_lifetime"),
            refreshIdle: optionalLifetime("refresh_idle"),
            sessionMax: optionalLifetime("session_max")
        )
        table.refuseUnknownKeys()
        return result
    }
}

/// Keys whose feature is not built yet: refused unless the value is the one that switches the feature off.
enum LaterFeatures {
    private static let sentence = "is not available in this version: leave it out"

    static func refuse(in directory: ConfigurationTable) {
        if directory.bool("follow_referrals", default: false) {
            directory.refuse(
                "follow_referrals",
                sentence + " or set it to false; name the server referred to as a [[directory]] of its own"
            )
        }
    }
}
