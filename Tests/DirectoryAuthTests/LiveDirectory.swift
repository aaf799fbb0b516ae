import Authentication
import DirectoryAuth
import EventPoller
import LDAPClient
import Logging
import TestSupport
import Testing

/// A directory on real servers.
struct LiveDirectory {
    static let sample = SampleDirectory()
    /// One poller and one pool for all tests: they are what the program has one of, too.
    private static let poller = Result { try EventPoller(name: "dirauth-tests") }
    private static let pool = BlockingPool(name: "dirauth-tests", threads: 8, queueLimit: 256)

    let directory: Directory
    let servers: [Slapd]

    /// The first server.
    var slapd: Slapd { servers[0] }

    init(
        _ servers: Slapd...,
        operationTimeout: Duration = .seconds(20),
        change: (inout DirectorySettings) -> Void = { _ in }
    ) throws {
        self.servers = servers
        let suffix = servers[0].options.suffix
        var settings = DirectorySettings(
            id: SourceID(1),
            name: "corp",
            kind: .openLDAP,
            hosts: try servers.map { try Self.host($0, operationTimeout: operationTimeout) },
            userBase: "ou=people,\(suffix)",
            groupsBase: "ou=groups,\(suffix)"
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

    static func host(_ slapd: Slapd, operationTimeout: Duration = .seconds(20)) throws -> LDAPHostSettings {
        let (dn, password) = (slapd.serviceDN, slapd.servicePassword)
        return LDAPHostSettings(
            url: try LDAPURL(slapd.url),
            connectTimeout: .seconds(5),
            operationTimeout: operationTimeout,
            serviceIdentities: [.simple(dn: dn) { Password(password) }]
        )
    }

    /// One login.
    func login(_ name: String, _ password: String, within limit: Duration = .seconds(15)) async -> AuthenticationResult
    {
        await directory.authenticate(name, password: Password(password), deadline: .now + limit)
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

    /// One login that must be refused.
    func rejection(
        _ name: String,
        _ password: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Rejection {
        let result = await login(name, password)
        guard case .rejected(let rejection) = result else {
            Issue.record("\(name): \(result)", sourceLocation: sourceLocation)
            throw NotLetIn()
        }
        return rejection
    }

    /// Looks at somebody again.
    func recheck(_ identity: Identity) async -> RecheckResult {
        await directory.recheck(
            identity.key,
            username: identity.username,
            locator: identity.locator,
            credentialState: identity.credentialState,
            deadline: .now + .seconds(15)
        )
    }

    func stop() async {
        await directory.shutdown()
        for server in servers { await server.stop() }
    }

    struct NotLetIn: Error {}
}
