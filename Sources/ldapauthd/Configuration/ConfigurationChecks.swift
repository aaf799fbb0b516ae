import Authentication
import DirectoryAuth
import Glibc
import HTTPAPI
import LDAPClient
import Negotiate
import Tokens

/// What only shows when sections are looked at together, and what the file system says.
struct ConfigurationChecks {
    let root: ConfigurationTable
    /// Also look at the files that the configuration names.
    let filesToo: Bool

    func run(_ configuration: Configuration) {
        checkUniqueness(configuration)
        checkStorage(configuration)
        checkTokens(configuration)
        checkClients(configuration)
        checkListeners(configuration.http)
        checkThrottle(configuration.throttle)
        checkKerberos(configuration)
        for (index, directory) in configuration.directories.enumerated() {
            checkDirectory(directory, prefix: "directory[\(index + 1)]")
        }
    }

    private func checkUniqueness(_ configuration: Configuration) {
        func refuseRepeats<Value: Hashable>(_ values: [Value], _ table: String, _ key: String) {
            var first: [Value: Int] = [:]
            for (index, value) in values.enumerated() {
                if let earlier = first[value] {
                    root.refuse(
                        "\(table)[\(index + 1)].\(key)",
                        "\(value) is already \(key) of \(table)[\(earlier + 1)]"
                    )
                } else {
                    first[value] = index
                }
            }
        }
        refuseRepeats(configuration.directories.map(\.id), "directory", "id")
        refuseRepeats(configuration.directories.map(\.name), "directory", "name")
        refuseRepeats(configuration.clients.map(\.id), "client", "id")
        var owners: [String: String] = [:]
        for (index, directory) in configuration.directories.enumerated() {
            for domain in directory.domains {
                if domain.isEmpty { root.refuse("directory[\(index + 1)].domains", "holds an empty name") }
                if let owner = owners.updateValue(directory.name, forKey: domain.lowercased()) {
                    root.refuse(
                        "directory[\(index + 1)].domains",
                        "“\(domain)” already belongs to directory “\(owner)”"
                    )
                }
            }
        }
    }

    private func checkStorage(_ configuration: Configuration) {
        if let file = configuration.storage.passwordFile { checkSecret(file, "storage.password_file") }
        if configuration.storage.isPostgreSQL && configuration.masterKeyFile == nil {
            root.refuse(
                "tokens.master_key_file",
                "must be set with PostgreSQL: a file that is the same on all nodes, for example credential:master-key"
            )
        }
    }

    private func checkTokens(_ configuration: Configuration) {
        let tokens = configuration.tokens
        let isAddress = tokens.issuer.hasPrefix("http://") || tokens.issuer.hasPrefix("https://")
        if !isAddress || tokens.issuer.contains("?") || tokens.issuer.contains("#") {
            root.refuse(
                "tokens.issuer",
                "“\(tokens.issuer)” must be the public http:// or https:// address of this service, without a query"
            )
        }
        let base = configuration.http.basePath
        if !base.isEmpty && (!base.hasPrefix("/") || base.hasSuffix("/")) {
            root.refuse(
                "http.base_path",
                "“\(base)” must begin with a slash and not end with one, for example /DevTrackAPI"
            )
        } else if !tokens.issuer.hasSuffix(base) {
            root.refuse("tokens.issuer", "“\(tokens.issuer)” must end with http.base_path, which is “\(base)”")
        }
        if tokens.accessLifetime > tokens.refreshIdle {
            root.refuse("tokens.access_lifetime", "must not be longer than refresh_idle")
        }
        for (client, key) in [(tokens.loginClient, "login_client"), (tokens.defaultClient, "default_client")] {
            guard let client, !configuration.clients.contains(where: { $0.id == client }) else { continue }
            root.refuse("authentication.\(key)", "“\(client)” is the id of no [[client]]")
        }
        if let login = login(configuration), !login.grants.contains(.password) {
            root.refuse("authentication.login_client", "client “\(login.id)” needs the grant “password”")
        }
        if let directory = tokens.defaultDirectory, let sources = login(configuration)?.sources, !sources.isEmpty,
            !sources.contains(SourceID(directory))
        {
            root.refuse(
                "authentication.default_directory",
                "\(directory) is not among the sources of the login client “\(tokens.loginClient)”"
            )
        }
        if filesToo, let file = configuration.masterKeyFile, file.spelling.hasPrefix("credential:"), file.path == nil {
            root.refuse("tokens.master_key_file", "\(file) does not exist, and a credential cannot be made here")
        }
    }

    private func checkClients(_ configuration: Configuration) {
        for (index, client) in configuration.clients.enumerated() {
            let prefix = "client[\(index + 1)]"
            if client.secret != nil && client.secretHash != nil {
                root.refuse("\(prefix).secret_file", "cannot stand beside secret_hash_file: keep one of them")
            }
            if client.grants.isEmpty {
                root.refuse("\(prefix).grants", "is empty or missing: for example [\"password\", \"refresh_token\"]")
            }
            if client.grants.contains(.clientCredentials) && client.secret == nil && client.secretHash == nil {
                root.refuse("\(prefix).grants", "“client_credentials” needs secret_hash_file or secret_file")
            }
            let strangers = client.defaultScopes.filter { !client.scopes.contains($0) }
            if !strangers.isEmpty {
                root.refuse("\(prefix).default_scopes", "not among scopes: \(strangers.joined(separator: ", "))")
            }
            for scope in client.scopes where !isScopeToken(scope) {
                root.refuse(
                    "\(prefix).scopes",
                    "“\(scope)” is no scope (RFC 6749 §3.3: no blanks, quotes or backslashes)"
                )
            }
            for (file, key) in [(client.secret, "secret_file"), (client.secretHash, "secret_hash_file")] {
                guard let file else { continue }
                checkSecret(file, "\(prefix).\(key)")
            }
            if let hash = client.secretHash { checkHash(hash, "\(prefix).secret_hash_file") }
            checkLifetimes(client, configuration, prefix: prefix)
            checkEditorGroups(client, configuration, prefix: prefix)
        }
    }

    private func login(_ configuration: Configuration) -> Configuration.Client? {
        configuration.clients.first { $0.id == configuration.tokens.loginClient }
    }

    /// What takes effect counts, whether it is the client's own or inherited. The login client's tokens are not refreshed.
    private func checkLifetimes(_ client: Configuration.Client, _ configuration: Configuration, prefix: String) {
        guard client.id != configuration.tokens.loginClient || client.grants.contains(.refreshToken) else { return }
        let access = client.accessLifetime ?? configuration.tokens.accessLifetime
        let idle = client.refreshIdle ?? configuration.tokens.refreshIdle
        guard access > idle, client.accessLifetime != nil || client.refreshIdle != nil else { return }
        root.refuse(
            "\(prefix).\(client.refreshIdle == nil ? "access_lifetime" : "refresh_idle")",
            "the access lifetime of \(ConfigurationUnits.spell(access)) must not be longer than refresh_idle, which is "
                + ConfigurationUnits.spell(idle)
        )
    }

    private func checkEditorGroups(_ client: Configuration.Client, _ configuration: Configuration, prefix: String) {
        let names = ["local"] + configuration.directories.map(\.name)
        for group in client.editorGroups {
            guard let colon = group.firstIndex(of: ":"), !names.contains(String(group[..<colon])) else { continue }
            root.refuse(
                "\(prefix).editor_groups",
                "“\(group)”: “\(group[..<colon])” is the name of no [[directory]], nor \"local\""
            )
        }
    }

    private func isScopeToken(_ scope: String) -> Bool {
        !scope.isEmpty && scope.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }
    }

    private func checkHash(_ file: SecretFile, _ key: String) {
        // That it cannot be read was said.
        guard filesToo, let secret = try? file.read() else { return }
        let text = unsafe secret.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        guard !PasswordHasher.isHash(text) else { return }
        root.refuse(key, "\(file.path ?? file.spelling) holds no hash: make one with `ldapauthd client hash-secret`")
    }

    private func checkSecret(_ file: SecretFile, _ key: String) {
        guard filesToo else { return }
        do throws(SecretFileError) {
            _ = try file.read()
        } catch {
            root.refuse(key, error.description)
        }
    }

    /// What one listener has the other cannot have. Port 0 is another one each time, and systemd tells its sockets apart.
    private func checkAddresses(_ http: Configuration.HTTP) {
        var owners: [ListenAddress: String] = [:]
        for (listeners, key) in [(http.listen, "listen"), (http.adminListen, "admin_listen")] {
            for text in listeners {
                guard let address = try? ListenAddress(text), address != .systemd else { continue }
                if case .tcp(_, 0) = address { continue }
                if let owner = owners.updateValue(key, forKey: address) {
                    let remedy = owner == key ? "leave one out" : "give each an address of its own"
                    root.refuse("http.\(key)", "“\(text)” is in http.\(owner) already: \(remedy)")
                }
            }
        }
    }

    private func checkListeners(_ http: Configuration.HTTP) {
        checkAddresses(http)
        let guarded = http.tls != nil || http.requireTLS || http.allowCleartext || !http.trustedProxies.isEmpty
        for (listeners, key) in [(http.listen, "listen"), (http.adminListen, "admin_listen")] {
            for text in listeners {
                do throws(HTTPServerError) {
                    let listener = try ListenAddress(text)
                    guard key == "listen", !guarded, !CleartextRule.isLocal(listener) else { continue }
                    root.refuse(
                        "http.listen",
                        "“\(text)” would take passwords in clear text: add [http.tls], trusted_proxies or require_tls, "
                            + "or say allow_cleartext = true"
                    )
                } catch {
                    root.refuse("http.\(key)", error.description)
                }
            }
        }
        do throws(HTTPServerError) {
            _ = try TrustedProxies(http.trustedProxies)
        } catch {
            root.refuse("http.trusted_proxies", error.description)
        }
        for origin in http.corsOrigins where !isOrigin(origin) {
            root.refuse(
                "http.cors_origins",
                "“\(origin)” is no origin: write for example https://app.corp.example, without a path"
            )
        }
        if let tls = http.tls {
            checkFile(tls.certificateFile, "http.tls.certificate_file")
            checkFile(tls.keyFile, "http.tls.key_file")
            checkPair(tls)
        }
    }

    /// That the two are a pair, before anything is opened on the strength of them.
    private func checkPair(_ tls: Configuration.HTTP.TLS) {
        let files = [tls.certificateFile, tls.keyFile]
        guard filesToo, files.allSatisfy({ unsafe access($0, R_OK) == 0 }) else { return }
        do throws(HTTPServerError) {
            try TLSFiles(certificate: tls.certificateFile, key: tls.keyFile).validate()
        } catch {
            let key = error.reason.contains(tls.keyFile) ? "key_file" : "certificate_file"
            root.refuse("http.tls.\(key)", error.reason)
        }
    }

    private func checkKerberos(_ configuration: Configuration) {
        let kerberos = configuration.kerberos
        if kerberos.channelBinding == .require, configuration.http.tls == nil {
            root.refuse(
                "kerberos.channel_binding",
                "“require” binds tickets to a TLS connection of our own, and there is no [http.tls]: add it, or say “allow”"
            )
        }
        guard let keytab = kerberos.keytab else { return }
        checkFile(keytab.path ?? keytab.candidates[0], "kerberos.keytab_file")
    }

    private func isOrigin(_ text: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: text.hasPrefix) else { return false }
        let host = text.dropFirst(scheme.count)
        return !host.isEmpty && !host.contains("/") && !host.contains("*")
    }

    private func checkDirectory(_ directory: Configuration.Directory, prefix: String) {
        for url in directory.urls {
            if directory.startTLS && url.scheme != .ldap {
                root.refuse("\(prefix).start_tls", "does not go with \(url): StartTLS is for ldap:// only")
            }
            let isCleartext = url.scheme == .ldap && !directory.startTLS && !CleartextRule.isLoopback(url.host)
            if isCleartext && !directory.allowCleartext {
                root.refuse(
                    "\(prefix).urls",
                    "\(url) would send passwords in clear text: use ldaps:// or start_tls = true, or say allow_cleartext = true"
                )
            }
        }
        for (path, key) in [
            (directory.caFile, "ca_file"), (directory.clientCertificateFile, "client_certificate_file"),
            (directory.clientKeyFile, "client_key_file"),
        ] {
            if let path { checkFile(path, "\(prefix).\(key)") }
        }
        if (directory.clientCertificateFile == nil) != (directory.clientKeyFile == nil) {
            root.refuse("\(prefix).client_certificate_file", "needs client_key_file beside it, and the reverse")
        }
        for (index, identity) in directory.bindIdentities.enumerated() {
            checkSecret(identity.password, "\(prefix).\(index == 0 ? "" : "next_")bind_password_file")
        }
        checkNames(directory, prefix: prefix)
        do throws(DirectorySettingsError) {
            try DirectoryAuth.Directory.validate(directory.settings)
        } catch {
            root.refuse("\(prefix).\(error.key)", error.message)
        }
    }

    private func checkNames(_ directory: Configuration.Directory, prefix: String) {
        for identity in directory.bindIdentities where !identity.dn.contains("@") && !identity.dn.contains("\\") {
            do throws(LDAPError) {
                _ = try DistinguishedName(identity.dn)
            } catch {
                root.refuse("\(prefix).bind_dn", error.message)
            }
        }
    }

    private func checkFile(_ path: String, _ key: String) {
        if filesToo, unsafe access(path, R_OK) != 0 {
            root.refuse(key, "\(path) cannot be read: \(Errno.sentence(errno))")
        }
    }
}
