import Authentication
import DirectoryAuth
import EventPoller
import LDAPClient
import Logging
import TestSupport
import Testing

/// A directory of any kind with nothing configured but what an administrator must say.
struct CorporateDirectory {
    /// One poller and one pool for all tests: they are what the program has one of, too.
    private static let poller = Result { try EventPoller(name: "corporate-tests") }
    private static let pool = BlockingPool(name: "corporate-tests", threads: 8, queueLimit: 256)

    let directory: Directory

    init(
        kind: DirectoryKind,
        url: String,
        caFile: String? = nil,
        bindDN: String,
        bindPassword: String,
        userBase: String,
        groupsBase: String,
        change: (inout DirectorySettings) -> Void = { _ in }
    ) throws {
        var settings = DirectorySettings(
            id: SourceID(1),
            name: "corp",
            kind: kind,
            hosts: [
                LDAPHostSettings(
                    url: try LDAPURL(url),
                    tls: LDAPTLSSettings(caFile: caFile),
                    connectTimeout: .seconds(5),
                    operationTimeout: .seconds(30),
                    serviceIdentities: [.simple(dn: bindDN) { Password(bindPassword) }]
                )
            ],
            userBase: userBase,
            groupsBase: groupsBase
        )
        settings.dnCache = .zero
        change(&settings)
        directory = try Directory(
            settings: settings,
            poller: try Self.poller.get(),
            pool: Self.pool,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    init(_ samba: SambaServer, change: (inout DirectorySettings) -> Void = { _ in }) throws {
        try self.init(
            kind: .activeDirectory,
            url: samba.ldapsURL,
            caFile: samba.caFile,
            bindDN: samba.serviceDN,
            bindPassword: samba.servicePassword,
            userBase: samba.suffix,
            groupsBase: samba.groupsBase,
            change: change
        )
    }

    init(
        _ server: DirectoryServer389,
        kind: DirectoryKind = .directoryServer389,
        change: (inout DirectorySettings) -> Void = { _ in }
    ) throws {
        try self.init(
            kind: kind,
            url: server.url,
            bindDN: server.serviceDN,
            bindPassword: server.servicePassword,
            userBase: "ou=people,\(server.options.suffix)",
            groupsBase: "ou=groups,\(server.options.suffix)",
            change: change
        )
    }

    init(
        _ slapd: Slapd,
        kind: DirectoryKind = .openLDAP,
        change: (inout DirectorySettings) -> Void = { _ in }
    ) throws {
        try self.init(
            kind: kind,
            url: slapd.url,
            bindDN: slapd.serviceDN,
            bindPassword: slapd.servicePassword,
            userBase: "ou=people,\(slapd.options.suffix)",
            groupsBase: "ou=groups,\(slapd.options.suffix)",
            change: change
        )
    }

    /// One login.
    func login(_ name: String, _ password: [UInt8]) async -> AuthenticationResult {
        await directory.authenticate(name, password: Password(password), deadline: .now + .seconds(30))
    }

    /// One login.
    func login(_ name: String, _ password: String) async -> AuthenticationResult {
        await login(name, Array(password.utf8))
    }

    /// One login that must succeed.
    func identity(
        _ name: String,
        _ password: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Identity {
        let result = await login(name, password)
        guard case .authenticated(let identity) = result else {
            Issue.record("\(name): \(result)", sourceLocation: sourceLocation)
            throw NotLetIn()
        }
        return identity
    }

    /// Looks at somebody again.
    func recheck(_ identity: Identity) async -> RecheckResult {
        await directory.recheck(
            identity.key,
            username: identity.username,
            locator: identity.locator,
            credentialState: identity.credentialState,
            deadline: .now + .seconds(30)
        )
    }

    struct NotLetIn: Error {}

    /// An LDIF record that changes a person of the sample's container.
    static func change(_ uid: String, _ lines: String) -> String {
        "dn: uid=\(uid),ou=people,dc=example,dc=org\nchangetype: modify\n\(lines)\n"
    }
}
