import Authentication
import FoundationEssentials
import Storage
import Testing
import Tokens

/// Verifying and introspecting an access token asks the database nothing: counted in the database's own statistics.
@Suite("No statement for a token")
struct NoStatementTests {
    private struct Everybody: Authenticating {
        let identity: Identity

        func authenticate(_ request: AuthenticationRequest) async -> AuthenticationResult { .authenticated(identity) }

        func recheck(_ key: IdentityKey, username: String, locator: String?, credentialState: String?) async
            -> RecheckResult
        {
            .current(identity)
        }

        var offersSignOn: Bool { true }

        func signOn(_ request: SignOnRequest) async -> SignOnResult { .authenticated(identity, reply: nil) }

        func changePassword(_ request: PasswordChangeRequest) async -> PasswordChangeResult { .changed(identity) }

        func isKnown(_ directory: SourceID, sources: [SourceID]) -> Bool { true }
    }

    private struct NoHash: SecretHash {
        func verify(_ password: Password, against phc: String) async throws(WorkPoolFull) -> Bool { false }
        func hash(_ password: Password) async throws(WorkPoolFull) -> String { "" }
    }

    private struct Inline: WorkPool {
        func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(WorkPoolFull) -> Value {
            work()
        }
    }

    private static let web = ClientCredentials(id: "web", secrets: [Password("s3")])
    private static let caller = RequestContext(address: "192.0.2.10")

    private func service(_ store: SQLStore, maxGroups: Int = 200) async throws -> TokenService {
        let clients = [
            Client(
                id: "web",
                secret: .plain(Password("s3")),
                grants: [.password],
                scopes: ["read"],
                maxGroups: maxGroups
            )
        ]
        let settings = TokenSettings()
        return TokenService(
            settings: settings,
            clients: clients,
            sessions: store,
            keys: try await KeyRing.open(
                store: store,
                masterKey: .random(),
                policy: KeyPolicy(settings: settings, clients: clients),
                pool: Inline()
            ),
            revocations: Revocations(),
            authenticator: Everybody(identity: person("a")),
            hasher: NoHash(),
            audit: NoAudit()
        )
    }

    private func logIn(_ service: TokenService) async throws -> String {
        try await service.token(
            TokenRequest(client: Self.web, username: "a", password: Password("x"), grantType: "password"),
            context: Self.caller
        ).accessToken
    }

    /// Statements of any kind; in memory there is one connection, which counts reads as writes.
    private func count(_ store: SQLStore) -> UInt64 {
        let statistics = store.statistics()
        return statistics.reads + statistics.writes
    }

    @Test(arguments: Backend.allCases) func verifyAndIntrospect(_ backend: Backend) async throws {
        try await backend.withStore(clock: SystemWallClock()) { (store) async throws in
            let service = try await service(store)
            let token = try await logIn(service)
            let before = count(store)
            for _ in 0..<100 {
                let answer = try await service.verify(
                    ForwardAuthRequest(credentials: .bearer(token), groups: ["1:staff", "corp:staff"]),
                    context: Self.caller
                )
                #expect(answer.username == "user-a")
                let found = try await service.introspect(
                    TokenQuery(token: token, client: Self.web),
                    context: Self.caller
                )
                #expect(found.isActive)
            }
            #expect(count(store) == before)
            // What does read, so that the count is known to count.
            _ = try await service.userInfo(token)
            #expect(count(store) == before + 1)
        }
    }

    @Test("With groups cut from the token its row is read once", arguments: Backend.allCases)
    func overage(_ backend: Backend) async throws {
        try await backend.withStore(clock: SystemWallClock()) { (store) async throws in
            let service = try await service(store, maxGroups: 1)
            let token = try await logIn(service)
            let before = count(store)
            for _ in 0..<100 {
                let answer = try await service.verify(
                    ForwardAuthRequest(credentials: .bearer(token)),
                    context: Self.caller
                )
                #expect(answer.groups == person("a").groups)
            }
            #expect(count(store) == before + 1)
        }
    }

    @Test("A password proved costs one look for its person's number", arguments: Backend.allCases)
    func passwords(_ backend: Backend) async throws {
        try await backend.withStore(clock: SystemWallClock()) { (store) async throws in
            let service = try await service(store)
            _ = try await logIn(service)
            let before = count(store)
            for _ in 0..<40 {
                _ = try await service.verify(
                    ForwardAuthRequest(credentials: .basic(username: "a", password: Password("x"))),
                    context: Self.caller
                )
            }
            #expect(count(store) == before + 1)
        }
    }
}
