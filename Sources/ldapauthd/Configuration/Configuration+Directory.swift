import Authentication
import DirectoryAuth
import LDAPClient

extension Configuration.Directory {
    static func read(_ table: ConfigurationTable, folder: String) -> Configuration.Directory {
        let timeouts: ClosedRange<Duration> = .milliseconds(50)...(.seconds(120))
        let kind: DirectoryKind = table.choice("kind", default: .generic)
        if !table.has("kind") {
            table.refuse(
                "kind",
                "is missing: “openldap”, “active-directory”, “389ds”, “freeipa”, or “generic” for any other LDAP server"
            )
        }
        LaterFeatures.refuse(in: table)
        let attributes = Attributes.read(table.subtable("attributes"))
        let groups = Groups.read(table.subtable("groups"))
        let file: (String) -> String? = { key in
            table.string(key).map { ConfigurationPath.absolute($0, in: folder) }
        }
        let (urls, services) = readURLs(table)
        let result = Configuration.Directory(
            id: readID(table),
            name: readName(table),
            kind: kind,
            urls: urls,
            services: services,
            startTLS: table.bool("start_tls", default: false),
            caFile: file("ca_file"),
            clientCertificateFile: file("client_certificate_file"),
            clientKeyFile: file("client_key_file"),
            minimumTLS: table.choice("min_tls", default: .tls12),
            verify: table.choice("verify", default: .full),
            bindIdentities: readBindIdentities(table, folder: folder),
            userBase: table.string("user_base", default: ""),
            userScope: table.choice("user_scope", default: .subtree),
            userFilter: table.string("user_filter"),
            bindDNTemplate: table.string("bind_dn_template"),
            domains: table.strings("domains"),
            stripDomain: table.bool("strip_domain", default: true),
            allowCleartext: table.bool("allow_cleartext", default: false),
            connectTimeout: table.duration("connect_timeout", in: timeouts, default: .seconds(3)),
            operationTimeout: table.duration("operation_timeout", in: timeouts, default: .seconds(5)),
            serviceConnections: table.integer("service_connections", in: 1...64, default: 2),
            bindConnections: table.integer("bind_connections", in: 1...1024, default: 16),
            idleTimeout: table.duration("idle_timeout", in: .seconds(1)...(.seconds(86400)), default: .seconds(300)),
            dnCache: table.duration("dn_cache", in: .zero...(.seconds(86400)), default: .seconds(60)),
            offlineCache: table.duration("offline_cache", in: .zero...(.seconds(30 * 86400)), default: .zero),
            listed: table.bool("listed", default: true),
            attributes: attributes,
            groups: groups
        )
        table.refuseUnknownKeys()
        return result
    }

    private static func readID(_ table: ConfigurationTable) -> Int32 {
        guard table.has("id") else {
            table.refuse(
                "id",
                "is missing: the LDAPServerId, a positive whole number that is never given to another directory"
            )
            return 0
        }
        return Int32(table.integer("id", in: 1...Int(Int32.max)) ?? 0)
    }

    private static func readName(_ table: ConfigurationTable) -> String {
        let name = table.required("name", "a short name for logs and `order`")
        if name == "local" { table.refuse("name", "“local” means the local accounts: choose another name") }
        if name.contains(":") {
            table.refuse("name", "“\(name)” holds a colon, which separates source and name in commands")
        }
        return name
    }

    private static func readURLs(
        _ table: ConfigurationTable
    ) -> (urls: [LDAPURL], services: [Configuration.Directory.ServiceName]) {
        guard table.has("urls") else {
            table.refuse("urls", "is missing: for example [\"ldaps://ldap1.corp.example\"]")
            return ([], [])
        }
        let texts = table.strings("urls")
        if texts.isEmpty { table.refuse("urls", "is empty: name at least one host") }
        var urls: [LDAPURL] = []
        var services: [Configuration.Directory.ServiceName] = []
        for text in texts {
            do throws(LDAPError) {
                if text.hasPrefix("srv:") {
                    services.append(Configuration.Directory.ServiceName(position: urls.count, domain: try domain(text)))
                } else {
                    urls.append(try LDAPURL(text))
                }
            } catch {
                table.refuse("urls", error.message)
            }
        }
        return (urls, services)
    }

    /// The domain of `srv:DOMAIN`.
    private static func domain(_ text: String) throws(LDAPError) -> String {
        let domain = String(text.dropFirst("srv:".count))
        do throws(LDAPError) {
            let url = try LDAPURL("ldap://\(domain)")
            guard url.description == "ldap://\(domain.lowercased())", !LDAPURL.isAddress(url.host) else {
                throw LDAPError(.invalidArgument, "")
            }
            return url.host.hasSuffix(".") ? String(url.host.dropLast()) : url.host
        } catch {
            throw LDAPError(
                .invalidArgument,
                "“\(text)”: after “srv:” stands the domain whose DNS names the hosts, for example srv:corp.example"
            )
        }
    }

    private static func readBindIdentities(
        _ table: ConfigurationTable,
        folder: String
    ) -> [BindIdentity] {
        if !table.has("bind_dn"), table.has("next_bind_dn") {
            table.refuse("next_bind_dn", "needs bind_dn, which is tried first")
        }
        return [("bind_dn", "bind_password_file"), ("next_bind_dn", "next_bind_password_file")].compactMap {
            nameKey,
            fileKey in
            let dn = table.string(nameKey)
            let file = table.string(fileKey)
            switch (dn, file) {
            case (let dn?, let file?):
                if dn.isEmpty { table.refuse(nameKey, "is empty") }
                return BindIdentity(dn: dn, password: SecretFile(file, relativeTo: folder))
            case (nil, nil): return nil
            case (_?, nil): table.refuse(nameKey, "needs \(fileKey) beside it")
            case (nil, _?): table.refuse(fileKey, "needs \(nameKey) beside it")
            }
            return nil
        }
    }
}

extension Configuration.Directory.Attributes {
    static func read(_ table: ConfigurationTable) -> Configuration.Directory.Attributes {
        let result = Configuration.Directory.Attributes(
            id: table.string("id"),
            username: table.string("username"),
            firstName: table.string("first_name"),
            lastName: table.string("last_name"),
            displayName: table.string("display_name"),
            email: table.string("email"),
            emailSuffix: table.string("email_suffix"),
            userID: table.string("user_id")
        )
        table.refuseUnknownKeys()
        return result
    }
}

extension Configuration.Directory.Groups {
    static func read(_ table: ConfigurationTable) -> Configuration.Directory.Groups {
        let mode: DirectoryGroups.Mode? =
            table.has("mode") ? table.choice("mode", default: .search) : nil
        let match = table.has("match") ? table.strings("match") : nil
        if let match, match.isEmpty {
            table.refuse("match", "is empty: for example [\"dn:member\"]")
        }
        for pair in match ?? [] where pair.split(separator: ":", omittingEmptySubsequences: false).count != 2 {
            table.refuse("match", "“\(pair)” must be user attribute:group attribute, for example \"uid:memberUid\"")
        }
        let result = Configuration.Directory.Groups(
            mode: mode,
            base: table.string("base"),
            filter: table.string("filter"),
            match: match,
            name: table.string("name"),
            nested: table.has("nested") ? table.bool("nested", default: true) : nil,
            maxDepth: table.integer("max_depth", in: 1...100, default: 10),
            cache: table.duration("cache", in: .zero...(.seconds(86400)), default: .seconds(300))
        )
        table.refuseUnknownKeys()
        return result
    }
}
