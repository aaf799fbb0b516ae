import Authentication
import DirectoryAuth
import LDAPClient
import Negotiate
import Tokens

/// Writes a configuration as TOML that reads back as the same configuration.
struct ConfigurationText {
    private var lines: [String] = []
    private let names: [SourceID: String]

    init(_ configuration: Configuration) {
        var names: [SourceID: String] = [.local: "local"]
        for directory in configuration.directories { names[SourceID(directory.id)] = directory.name }
        self.names = names
        lines.append("# \(configuration.file), as it takes effect")
        http(configuration.http)
        section(
            "storage",
            [
                ("url", quote(configuration.storage.url)),
                ("password_file", configuration.storage.passwordFile.map { quote($0.absoluteSpelling) }),
                ("pool", String(configuration.storage.pool)),
            ]
        )
        tokens(configuration)
        authentication(configuration)
        throttle(configuration.throttle)
        section(
            "local",
            [
                ("argon2_memory", quote(ConfigurationUnits.spell(size: configuration.local.argon2Memory))),
                ("argon2_iterations", String(configuration.local.argon2Iterations)),
                ("max_parallel_hashes", String(configuration.local.maxParallelHashes)),
            ]
        )
        section(
            "log",
            [
                ("level", quote(configuration.log.level.rawValue)),
                ("format", quote(configuration.log.format.rawValue)),
                ("audit", String(configuration.log.audit)),
            ]
        )
        section(
            "kerberos",
            [
                ("keytab_file", configuration.kerberos.keytab.map { quote($0.absoluteSpelling) }),
                ("service", quote(configuration.kerberos.service)),
                ("channel_binding", quote(configuration.kerberos.channelBinding.rawValue)),
            ]
        )
        for directory in configuration.directories { self.directory(directory) }
        for client in configuration.clients { self.client(client) }
    }

    /// The whole file, without a line end behind the last line.
    var text: String { lines.joined(separator: "\n") }

    // MARK: Sections

    private mutating func http(_ http: Configuration.HTTP) {
        section(
            "http",
            [
                ("listen", list(http.listen)), ("admin_listen", list(http.adminListen)),
                ("base_path", quote(http.basePath)),
                ("trusted_proxies", list(http.trustedProxies)), ("require_tls", String(http.requireTLS)),
                ("allow_cleartext", String(http.allowCleartext)), ("cors_origins", list(http.corsOrigins)),
                ("max_body", quote(ConfigurationUnits.spell(size: http.maxBody))),
                ("request_timeout", duration(http.requestTimeout)), ("idle_timeout", duration(http.idleTimeout)),
                ("max_connections", String(http.maxConnections)), ("shutdown_grace", duration(http.shutdownGrace)),
            ]
        )
        if let tls = http.tls {
            section("http.tls", [("certificate_file", quote(tls.certificateFile)), ("key_file", quote(tls.keyFile))])
        }
    }

    private mutating func tokens(_ configuration: Configuration) {
        let tokens = configuration.tokens
        section(
            "tokens",
            [
                ("issuer", quote(tokens.issuer)), ("algorithm", quote(tokens.algorithm.rawValue)),
                ("access_lifetime", duration(tokens.accessLifetime)),
                ("login_lifetime", duration(tokens.loginLifetime)),
                ("refresh_idle", duration(tokens.refreshIdle)), ("session_max", duration(tokens.sessionMax)),
                ("refresh_reuse_grace", duration(tokens.refreshReuseGrace)),
                ("key_rotation", duration(tokens.keyRotation)),
                ("master_key_file", configuration.masterKeyFile.map { quote($0.absoluteSpelling) }),
            ]
        )
    }

    private mutating func authentication(_ configuration: Configuration) {
        let authentication = configuration.authentication
        section(
            "authentication",
            [
                ("order", sources(authentication.order)),
                ("default_directory", configuration.tokens.defaultDirectory.map(String.init)),
                ("fallback_to_local", list(authentication.fallbackToLocal.map(\.rawValue).sorted())),
                ("login_client", quote(configuration.tokens.loginClient)),
                ("default_client", configuration.tokens.defaultClient.map(quote)),
                ("order_past_outage", String(authentication.orderPastOutage)),
                ("login_budget", duration(authentication.loginBudget)),
            ]
        )
    }

    private mutating func throttle(_ throttle: ThrottleSettings) {
        section(
            "throttle",
            [
                ("account_failures", String(throttle.accountFailures)),
                ("account_window", duration(throttle.accountWindow)), ("lockout", duration(throttle.lockout)),
                ("lockout_max", duration(throttle.lockoutMax)),
                ("address_failures", String(throttle.addressFailures)),
                ("address_window", duration(throttle.addressWindow)),
                ("address_exempt", list(throttle.addressExempt.map(\.description))),
                ("repeat_memory", duration(throttle.repeatMemory)),
            ]
        )
    }

    private mutating func directory(_ directory: Configuration.Directory) {
        let effective = directory.settings
        section(
            "[directory]",
            [
                ("id", String(directory.id)), ("name", quote(directory.name)), ("kind", quote(directory.kind.rawValue)),
                ("urls", list(directory.places)), ("start_tls", String(directory.startTLS)),
                ("ca_file", directory.caFile.map(quote)),
                ("client_certificate_file", directory.clientCertificateFile.map(quote)),
                ("client_key_file", directory.clientKeyFile.map(quote)),
                ("min_tls", quote(directory.minimumTLS.rawValue)),
                ("verify", quote(directory.verify.rawValue)),
                ("bind_dn", directory.bindIdentities.first.map { quote($0.dn) }),
                ("bind_password_file", directory.bindIdentities.first.map { quote($0.password.absoluteSpelling) }),
                ("next_bind_dn", directory.bindIdentities.dropFirst().first.map { quote($0.dn) }),
                (
                    "next_bind_password_file",
                    directory.bindIdentities.dropFirst().first.map { quote($0.password.absoluteSpelling) }
                ),
                ("user_base", quote(directory.userBase)), ("user_scope", quote(directory.userScope.rawValue)),
                (
                    "user_filter",
                    (directory.bindDNTemplate == nil
                        ? directory.userFilter ?? effective.kind.defaults.userFilter : directory.userFilter).map(quote)
                ), ("bind_dn_template", directory.bindDNTemplate.map(quote)),
                ("domains", list(directory.domains)), ("strip_domain", String(directory.stripDomain)),
                ("allow_cleartext", String(directory.allowCleartext)),
                ("connect_timeout", duration(directory.connectTimeout)),
                ("operation_timeout", duration(directory.operationTimeout)),
                ("service_connections", String(directory.serviceConnections)),
                ("bind_connections", String(directory.bindConnections)),
                ("idle_timeout", duration(directory.idleTimeout)),
                ("dn_cache", duration(directory.dnCache)),
                ("offline_cache", duration(directory.offlineCache)), ("listed", String(directory.listed)),
            ]
        )
        attributes(effective.attributes)
        groups(effective.groups)
    }

    private mutating func attributes(_ attributes: DirectoryAttributes) {
        section(
            "directory.attributes",
            [
                ("id", quote(attributes.id)), ("username", quote(attributes.username)),
                ("first_name", quote(attributes.firstName)), ("last_name", quote(attributes.lastName)),
                ("display_name", quote(attributes.displayName)), ("email", quote(attributes.email)),
                ("email_suffix", attributes.emailSuffix.map(quote)), ("user_id", attributes.userID.map(quote)),
            ]
        )
    }

    private mutating func groups(_ groups: DirectoryGroups) {
        section(
            "directory.groups",
            [
                ("mode", quote(groups.mode.rawValue)), ("base", groups.base.map(quote)),
                ("filter", quote(groups.filter)),
                ("match", list(groups.match)), ("name", quote(groups.name)), ("nested", String(groups.nested)),
                ("max_depth", String(groups.maxDepth)), ("cache", duration(groups.cache)),
            ]
        )
    }

    private mutating func client(_ client: Configuration.Client) {
        section(
            "[client]",
            [
                ("id", quote(client.id)), ("secret_hash_file", client.secretHash.map { quote($0.absoluteSpelling) }),
                ("secret_file", client.secret.map { quote($0.absoluteSpelling) }),
                ("grants", list(client.grants.map(\.rawValue).sorted())), ("scopes", list(client.scopes)),
                ("default_scopes", list(client.defaultScopes)), ("audience", list(client.audience)),
                ("sources", sources(client.sources)), ("redirect_url", client.redirectURL.map(quote)),
                ("editor_groups", list(client.editorGroups)), ("group_filter", quote(client.groupFilter)),
                ("max_groups", String(client.maxGroups)), ("access_lifetime", client.accessLifetime.map(duration)),
                ("refresh_idle", client.refreshIdle.map(duration)), ("session_max", client.sessionMax.map(duration)),
            ]
        )
    }

    // MARK: Values

    private mutating func section(_ name: String, _ pairs: [(key: String, value: String?)]) {
        lines.append("")
        lines.append("[\(name)]")
        for pair in pairs {
            if let value = pair.value { lines.append("\(pair.key) = \(value)") }
        }
    }

    private func quote(_ text: String) -> String { JSONText.string(text) }

    private func list(_ texts: [String]) -> String { "[" + texts.map(quote).joined(separator: ", ") + "]" }

    private func duration(_ duration: Duration) -> String { quote(ConfigurationUnits.spell(duration)) }

    private func sources(_ ids: [SourceID]) -> String { list(ids.map { names[$0] ?? $0.description }) }
}
