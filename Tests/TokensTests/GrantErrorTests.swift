import Authentication
import Testing

@testable import Tokens

/// Every row of the table “Errors” in docs/http-api.md that is decided here.
@Suite struct GrantErrorTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var request: TokenRequest
        var refusal: String
        var testDescription: String { refusal }

        init(_ refusal: String, _ request: TokenRequest) {
            self.request = request
            self.refusal = refusal
        }
    }

    static let rows: [Row] = [
        Row("invalid_request: Missing form parameter: grant_type", TokenRequest()),
        Row("invalid_request: Missing form parameter: grant_type", TokenRequest(grantType: "")),
        Row("unsupported_grant_type: Unsupported grant_type", TokenRequest(grantType: "Password")),
        Row("unsupported_grant_type: Unsupported grant_type", TokenRequest(grantType: "authorization_code")),
        Row(
            "invalid_client: Invalid client",
            TokenRequest(client: ClientCredentials(id: "nobody"), grantType: "password")
        ),
        Row(
            "invalid_client: Invalid client credentials",
            TokenRequest(client: ClientCredentials(id: "web"), grantType: "password")
        ),
        Row(
            "unauthorized_client: Client not allowed for this grant",
            TokenRequest(client: ClientCredentials(id: "idle"), scope: "x", grantType: "password")
        ),
        Row(
            "unauthorized_client: Client not allowed for this grant",
            TokenRequest(client: ClientCredentials(id: "open"), grantType: "client_credentials")
        ),
        Row(
            "invalid_scope: Invalid scopes: x y",
            TokenRequest(client: World.web, scope: "x read y x", grantType: "password")
        ),
        Row("invalid_request: Missing parameter: username", TokenRequest(client: World.web, grantType: "password")),
        Row(
            "invalid_request: Missing parameter: username",
            TokenRequest(client: World.web, username: "", password: Password("pw"), grantType: "password")
        ),
        Row(
            "invalid_request: Missing parameter: password",
            TokenRequest(client: World.web, username: "alice", grantType: "password")
        ),
        Row(
            "invalid_request: Missing parameter: password",
            TokenRequest(client: World.web, username: "alice", password: Password(""), grantType: "password")
        ),
        Row(
            "invalid_request: Missing parameter: username",
            TokenRequest(
                windowsAuthentication: true,
                client: World.web,
                password: Password("pw"),
                grantType: "password"
            )
        ),
        Row(
            "invalid_request: Windows sign-on without a password is not switched on here",
            TokenRequest(windowsAuthentication: true, client: World.web, grantType: "password")
        ),
        Row("invalid_request: No refresh token", TokenRequest(client: World.web, grantType: "refresh_token")),
        Row(
            "invalid_request: No refresh token",
            TokenRequest(client: World.web, grantType: "refresh_token", refreshToken: "")
        ),
        Row(
            "invalid_grant: Invalid refresh token",
            TokenRequest(client: World.web, grantType: "refresh_token", refreshToken: "abc")
        ),
    ]

    @Test(arguments: rows)
    func refused(row: Row) async throws {
        let world = try await World()
        #expect(
            await world.refusal { try await world.service.token(row.request, context: World.caller) } == row.refusal
        )
        #expect(world.authenticator.requests.isEmpty)
    }

    @Test("Without a default client nobody may ask namelessly")
    func noDefaultClient() async throws {
        let world = try await World(settings: TokenSettings())
        let request = TokenRequest(grantType: "password")
        #expect(
            await world.refusal { try await world.service.token(request, context: World.caller) }
                == "invalid_client: Invalid client"
        )
    }

    @Test("A reason is told only to who had the right password", arguments: Rejection.Reason.allCases, [true, false])
    func rejected(reason: Rejection.Reason, isProved: Bool) async throws {
        let world = try await World()
        world.authenticator.result = .rejected(
            Rejection(reason, source: SourceID(1), passwordProved: isProved, detail: "data 52e", host: "ldap2")
        )
        let told: [Rejection.Reason: String] = [
            .passwordExpired: "Password expired", .mustChangePassword: "Password must be changed",
            .disabled: "Account disabled", .accountExpired: "Account expired",
            .logonHours: "Logon hours restriction", .workstation: "Workstation restriction",
        ]
        let text = isProved ? told[reason] ?? "Invalid user credentials" : "Invalid user credentials"
        #expect(await world.refusal { try await world.logIn() } == "invalid_grant: \(text)")
        #expect(await world.refusal { try await world.login() } == "invalid_grant: \(text)")
        let event = try #require(world.audit.events.first)
        #expect(event.kind == .loginRefused)
        #expect(event.reason == reason.rawValue)
        #expect(event.detail == "data 52e")
        #expect(event.host == "ldap2")
        #expect(event.user == "alice")
        #expect(event.source == "corp")
        #expect(event.client == "web")
        #expect(await world.store.writes == 2, "the master key's check and the first keys, no session")
    }

    @Test("An outage is no refusal")
    func outage() async throws {
        let world = try await World()
        world.authenticator.result = .unavailable(Outage(sources: [SourceID(1)], detail: "timeout", retryAfter: 7))
        await #expect {
            try await world.logIn()
        } throws: { error in
            guard let error = error as? TokenError else { return false }
            return error.code == .temporarilyUnavailable && error.retryAfter == 7 && !error.isThrottled
                && error.description == "The directory is not reachable"
        }
    }

    @Test(
        "The audit line of a refusal names the source, or all that were down",
        arguments: [
            (.rejected(Rejection(.wrongPassword, source: SourceID(2))), "partner"),
            (.rejected(Rejection(.wrongPassword, source: .local)), "local"),
            (.rejected(Rejection(.wrongPassword, source: SourceID(9))), "9"),
            (.rejected(Rejection(.unknownUser)), nil),
            (.unavailable(Outage(sources: [SourceID(1), .local], detail: "down")), "corp,local"),
        ] as [(AuthenticationResult, String?)]
    )
    func auditedSource(_ result: AuthenticationResult, _ source: String?) async throws {
        let world = try await World()
        world.authenticator.result = result
        _ = await world.refusal { try await world.logIn() }
        _ = await world.refusal { try await world.login() }
        #expect(world.audit.events.map(\.kind) == [.loginRefused, .loginRefused])
        #expect(world.audit.events.map(\.source) == [source, source])
    }

    @Test("What went wrong after the password was proved names the person")
    func auditedPerson() async throws {
        let world = try await World()
        await world.store.fail(with: StoreError(.unavailable, "disk full"))
        _ = await world.refusal { try await world.logIn() }
        #expect(world.audit.events.last?.reason == "store")
        #expect(world.audit.events.last?.source == "corp")
        await world.store.fail(with: nil)
        let first = try await world.login()
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        _ = await world.refusal { try await world.login(inSession: 1, bearer: first.accessToken) }
        #expect(world.audit.events.last?.detail == "session ended")
        #expect(world.audit.events.last?.source == "corp")
        #expect(world.audit.events.last?.userID == first.userID)
    }

    @Test("A store that fails is an outage at every grant")
    func storeFails() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        await world.store.fail(with: StoreError(.unavailable, "disk full"))
        let expected = "temporarily_unavailable: The directory is not reachable"
        #expect(await world.refusal { try await world.logIn() } == expected)
        #expect(await world.refusal { try await world.refresh(answer.refreshToken) } == expected)
        #expect(await world.refusal { try await world.login() } == expected)
        #expect(await world.refusal { try await world.login(inSession: 1) } == expected)
        #expect(world.audit.events.last?.reason == "store")
        #expect(world.audit.events.last?.detail == "disk full")
    }

    @Test("A userId that another person owns is a generic refusal")
    func userIDTaken() async throws {
        var person = World.alice
        person.mappedUserID = 500
        let world = try await World(identity: person)
        await world.store.own(500, by: IdentityKey(source: SourceID(2), stableID: "other"))
        #expect(await world.refusal { try await world.logIn() } == "invalid_grant: Invalid user credentials")
        #expect(world.audit.events.last?.reason == "user-id-taken")
        #expect(world.audit.events.last?.user == "alice")
    }
}
