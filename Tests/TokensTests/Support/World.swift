import Authentication
import FoundationEssentials
import Logging

@testable import Tokens

/// A whole Tokens room over memory, with the clients most tests need.
final class World: Sendable {
    static let alice = Identity(
        key: IdentityKey(source: SourceID(1), stableID: "6f9619ff-8b86-d011-b42d-00c04fc964ff"),
        sourceName: "corp",
        username: "alice",
        firstName: "Alice",
        lastName: "Ångström",
        groups: ["editors", "staff"],
        locator: "uid=alice,dc=corp",
        credentialState: "20260101",
        host: "ldap1"
    )

    static let clients = [
        Client(
            id: "web",
            secret: .hash(CountingHash.text(of: "s3")),
            grants: Set(Grant.allCases),
            scopes: ["read", "write"],
            defaultScopes: ["read"],
            redirectURL: "https://app.example/",
            editorGroups: ["editors"],
            sessionMax: .seconds(36_000)
        ),
        Client(
            id: "plain",
            secret: .plain(Password("geheim")),
            grants: [.password, .clientCredentials],
            scopes: ["read"],
            audience: ["https://api.example"]
        ),
        Client(id: "open", grants: Set(Grant.allCases), scopes: ["read"], defaultScopes: ["read"]),
        Client(id: "idle", grants: []),
        Client(
            id: "login",
            grants: [.password],
            scopes: ["api"],
            audience: ["https://a.example", "https://b.example"]
        ),
    ]

    static let caller = RequestContext(address: "192.0.2.10", userAgent: "curl", requestID: "r1")

    let clock = TestClock()
    let store = MemoryStore()
    let hash = CountingHash()
    let audit = AuditLog()
    let revocations = Revocations()
    let authenticator: ScriptedAuthenticator
    let masterKey = MasterKey.random()
    let keys: KeyRing
    let feed: ChangeFeed
    let service: TokenService
    let secrets = SecretCache()

    init(
        settings: TokenSettings = TokenSettings(defaultClient: "open", firstSource: SourceID(1)),
        clients: [Client] = World.clients,
        identity: Identity = World.alice,
        throttle: Throttle? = nil,
        retries: [Duration]? = nil
    ) async throws {
        authenticator = ScriptedAuthenticator(identity)
        keys = try await KeyRing.open(
            store: store,
            masterKey: masterKey,
            policy: KeyPolicy(settings: settings, clients: clients),
            pool: InlinePool(),
            clock: clock
        )
        feed = ChangeFeed(
            store: store,
            revocations: revocations,
            keys: keys,
            clock: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        service = TokenService(
            settings: settings,
            clients: clients,
            sessions: store,
            keys: keys,
            revocations: revocations,
            authenticator: authenticator,
            throttle: throttle,
            hasher: hash,
            secrets: secrets,
            audit: audit,
            sourceNames: [SourceID(1): "corp", SourceID(2): "partner"],
            retries: retries,
            clock: clock
        )
    }

    /// The same world after a reload with other clients.
    func reloaded(clients: [Client]) -> TokenService {
        TokenService(
            settings: TokenSettings(firstSource: SourceID(1)),
            clients: clients,
            sessions: store,
            keys: keys,
            revocations: revocations,
            authenticator: authenticator,
            hasher: hash,
            secrets: secrets,
            audit: audit,
            clock: clock
        )
    }

    /// Another node on the same store, whose keys this one has not heard of.
    func otherNode() async throws -> KeyRing {
        let other = try await KeyRing.open(
            store: store,
            masterKey: masterKey,
            policy: KeyPolicy(settings: TokenSettings(), clients: Self.clients),
            pool: InlinePool(),
            clock: clock
        )
        try await other.rotate()
        clock.advance(KeyUse.changeover)
        return other
    }

    /// Tokens of everybody issued before the next second are bad from now on, here at once.
    func revoke() {
        revocations.apply(StoreChanges(number: 0, notBefore: [(.everyone, clock.now().seconds + 1)]))
    }

    /// The whole of `web`'s credentials.
    static var web: ClientCredentials { ClientCredentials(id: "web", secrets: [Password("s3")]) }

    func passwordRequest(scope: String? = nil) -> TokenRequest {
        TokenRequest(client: Self.web, scope: scope, username: "alice", password: Password("pw"), grantType: "password")
    }

    /// Logs alice in for `web`.
    func logIn(scope: String? = nil) async throws -> AccessTokenResponse {
        try await service.token(passwordRequest(scope: scope), context: Self.caller)
    }

    /// Refreshes for `web`.
    func refresh(_ token: String?, scope: String? = nil) async throws(TokenError) -> AccessTokenResponse {
        try await service.token(
            TokenRequest(client: Self.web, scope: scope, grantType: "refresh_token", refreshToken: token),
            context: Self.caller
        )
    }

    /// Logs alice in by POST /token.
    func login(inSession: Int32 = 0, bearer: String? = nil, directory: Int32 = 1) async throws(TokenError) -> TokenModel
    {
        try await service.login(
            LoginRequest(
                grantType: "Password",
                username: "alice",
                password: Password("pw"),
                directory: directory,
                inSession: inSession,
                bearer: bearer
            ),
            context: Self.caller
        )
    }

    /// The code and text of the refusal of `body`; nil when it was none.
    func refusal<Value>(_ body: () async throws -> Value) async -> String? {
        do {
            _ = try await body()
            return nil
        } catch let error as TokenError {
            return "\(error.code.rawValue): \(error.description)"
        } catch {
            return "not a TokenError: \(error)"
        }
    }
}
