import Authentication
import DirectoryAuth
import LDAPClient
import Tokens

/// The whole configuration, read and judged. Secrets are named here, never held.
struct Configuration: Sendable {
    var file: String
    var http: HTTP
    var storage: Storage
    var tokens: TokenSettings
    var masterKeyFile: SecretFile?
    var authentication: AuthenticationSettings
    var throttle: ThrottleSettings
    var local: Local
    var log: Log
    var kerberos: Kerberos
    var directories: [Directory]
    var clients: [Client]

    /// The same configuration with its secrets read now, for a command that gives up root's rights afterwards.
    func holdingSecrets() -> Configuration {
        var copy = self
        for index in copy.directories.indices {
            copy.directories[index].bindIdentities = directories[index].bindIdentities.map {
                Directory.BindIdentity(dn: $0.dn, password: $0.password.holding())
            }
        }
        for index in copy.clients.indices {
            copy.clients[index].secret = clients[index].secret?.holding()
            copy.clients[index].secretHash = clients[index].secretHash?.holding()
        }
        return copy
    }

    struct HTTP: Sendable {
        var listen: [String]
        var adminListen: [String]
        var basePath: String
        var trustedProxies: [String]
        var requireTLS: Bool
        var allowCleartext: Bool
        var corsOrigins: [String]
        var maxBody: Int
        var requestTimeout: Duration
        var idleTimeout: Duration
        var maxConnections: Int
        var shutdownGrace: Duration
        var tls: TLS?

        struct TLS: Sendable {
            var certificateFile: String
            var keyFile: String
        }
    }

    struct Storage: Sendable {
        /// With the path made absolute.
        var url: String
        /// For PostgreSQL.
        var passwordFile: SecretFile?
        var pool: Int
    }

    struct Local: Sendable {
        /// In bytes.
        var argon2Memory: Int
        var argon2Iterations: Int
        /// 0 means the number of cores.
        var maxParallelHashes: Int
    }

    struct Log: Sendable {
        enum Level: String, CaseIterable, Sendable {
            case trace, debug, info, notice, warning, error
        }
        enum Format: String, CaseIterable, Sendable {
            case auto, text, json, journald
        }
        var level: Level
        var format: Format
        var audit: Bool
    }

    struct Directory: Sendable, Equatable {
        enum Scope: String, CaseIterable, Sendable {
            case subtree
            case oneLevel = "one-level"
        }
        enum TLSVersion: String, CaseIterable, Sendable {
            case tls12 = "1.2"
            case tls13 = "1.3"
        }
        enum Verification: String, CaseIterable, Sendable {
            case full
            case insecureNone = "insecure-none"
        }
        var id: Int32
        var name: String
        var kind: DirectoryKind
        /// The hosts named.
        var urls: [LDAPURL]
        /// The `srv:` URLs.
        var services: [ServiceName]
        var startTLS: Bool
        var caFile: String?
        var clientCertificateFile: String?
        var clientKeyFile: String?
        var minimumTLS: TLSVersion
        var verify: Verification
        /// In the order in which they are tried.
        var bindIdentities: [BindIdentity]
        var userBase: String
        var userScope: Scope
        var userFilter: String?
        var bindDNTemplate: String?
        var domains: [String]
        var stripDomain: Bool
        var allowCleartext: Bool
        var connectTimeout: Duration
        var operationTimeout: Duration
        var serviceConnections: Int
        var bindConnections: Int
        var idleTimeout: Duration
        var dnCache: Duration
        var offlineCache: Duration
        var listed: Bool
        var attributes: Attributes
        var groups: Groups

        /// A `srv:` URL: the domain, and how many of `urls` come before it.
        struct ServiceName: Sendable, Equatable {
            var position: Int
            var domain: String
        }

        /// Who searches.
        struct BindIdentity: Sendable, Equatable {
            var dn: String
            var password: SecretFile
        }

        /// Nil means the default of the kind.
        struct Attributes: Sendable, Equatable {
            var id: String?
            var username: String?
            var firstName: String?
            var lastName: String?
            var displayName: String?
            var email: String?
            var emailSuffix: String?
            var userID: String?
        }

        /// Nil means the default of the kind.
        struct Groups: Sendable, Equatable {
            var mode: DirectoryGroups.Mode?
            var base: String?
            var filter: String?
            var match: [String]?
            var name: String?
            var nested: Bool?
            var maxDepth: Int
            var cache: Duration
        }
    }

    struct Client: Sendable {
        var id: String
        var secretHash: SecretFile?
        var secret: SecretFile?
        var grants: Set<Grant>
        var scopes: [String]
        var defaultScopes: [String]
        var audience: [String]
        var sources: [SourceID]
        var redirectURL: String?
        var editorGroups: [String]
        var groupFilter: String
        var maxGroups: Int
        var accessLifetime: Duration?
        var refreshIdle: Duration?
        var sessionMax: Duration?
    }
}
