import Authentication
import Testing

@testable import Tokens

@Suite struct LoginGrantTests {
    @Test("All that POST /token tells")
    func answer() async throws {
        let world = try await World()
        let model = try await world.login()
        #expect(model.userID == 12)
        #expect(model.firstName == "Alice")
        #expect(model.lastName == "Ångström")
        #expect(model.sessionNumber == 77)
        let claims = try world.service.verifier.verify(model.accessToken)
        #expect(claims.clientID == "login")
        #expect(claims.scope == "api")
        #expect(claims.audience == ["https://a.example", "https://b.example"])
        #expect(claims.expiresAt - claims.issuedAt == 8 * 3600)
        #expect(try await world.login().sessionNumber == 78)
    }

    @Test(
        arguments: [
            (nil, "invalid_request: Missing form parameter: grant_type"),
            ("", "invalid_request: Missing form parameter: grant_type"),
            ("refresh_token", #"unsupported_grant_type: Grant_type only support "password" now."#),
            ("PASSWORD", nil),
        ] as [(String?, String?)]
    ) func grantType(value: String?, expected: String?) async throws {
        let world = try await World()
        let request = LoginRequest(grantType: value, username: "a", password: Password("b"), directory: 1)
        #expect(await world.refusal { try await world.service.login(request, context: World.caller) } == expected)
    }

    @Test(
        arguments: [
            (nil, "x", "username"), ("", "x", "username"), ("a", nil, "password"), ("a", "", "password"),
            (nil, nil, "username"),
        ] as [(String?, String?, String)]
    ) func missing(username: String?, password: String?, name: String) async throws {
        let world = try await World()
        let request = LoginRequest(
            grantType: "password",
            username: username,
            password: password.map { Password($0) },
            directory: 99
        )
        #expect(
            await world.refusal { try await world.service.login(request, context: World.caller) }
                == "invalid_request: Missing parameter: \(name)"
        )
    }

    @Test(
        "Which directory",
        arguments: [
            (1, nil, [], SourceID(1)), (0, nil, [], .local), (0, 2, [], SourceID(2)), (1, 2, [], SourceID(1)),
            (3, nil, [], nil), (-1, nil, [], nil), (2, nil, [SourceID(1)], nil), (.max, nil, [], nil),
        ] as [(Int32, Int32?, [SourceID], SourceID?)]
    )
    func directory(number: Int32, standard: Int32?, sources: [SourceID], expected: SourceID?) async throws {
        var clients = World.clients
        clients[4] = clients[4].with(sources: sources)
        let world = try await World(settings: TokenSettings(defaultDirectory: standard), clients: clients)
        let refusal = await world.refusal { try await world.login(directory: number) }
        if let expected {
            #expect(refusal == nil)
            #expect(world.authenticator.requests.first?.selection == .directory(expected))
        } else {
            #expect(refusal == "invalid_request: Unknown LDAP server id")
            #expect(world.authenticator.requests.isEmpty)
        }
    }

    @Test("IsInSessionAuth is 0 or 1", arguments: [-1, 2, .max] as [Int32])
    func inSessionValues(value: Int32) async throws {
        let world = try await World()
        #expect(
            await world.refusal { try await world.login(inSession: value) }
                == "invalid_request: The value '\(value)' is not valid for IsInSessionAuth."
        )
        #expect(world.authenticator.requests.isEmpty)
    }

    @Test("Inside a session without a Bearer the newest live one goes on, else one opens")
    func newest() async throws {
        let world = try await World()
        #expect(try await world.login(inSession: 1).sessionNumber == 77)
        world.clock.advance(.seconds(1))
        #expect(try await world.login().sessionNumber == 78)
        world.clock.advance(.seconds(100))
        let model = try await world.login(inSession: 1)
        #expect(model.sessionNumber == 78)
        let claims = try world.service.verifier.verify(model.accessToken)
        #expect(claims.person?.authenticatedAt == 1_790_000_101)
        #expect(claims.expiresAt == 1_790_000_001 + 8 * 3600, "the session's end, not later")
        // A session of the other endpoint was not opened here.
        world.clock.advance(.seconds(8 * 3600))
        _ = try await world.logIn()
        #expect(try await world.login(inSession: 1).sessionNumber == 80)
    }

    @Test("With a Bearer that session goes on, not the newest")
    func bearer() async throws {
        let world = try await World()
        let first = try await world.login()
        _ = try await world.login()
        world.clock.advance(.seconds(10))
        let model = try await world.login(inSession: 1, bearer: first.accessToken)
        #expect(model.sessionNumber == first.sessionNumber)
        #expect(try world.service.verifier.verify(model.accessToken).person?.authenticatedAt == 1_790_000_010)
        // Outside a session a Bearer has no meaning.
        #expect(try await world.login(inSession: 0, bearer: "rubbish").sessionNumber == 79)
    }

    @Test("A scope taken from the login client is gone when its session goes on", arguments: [true, false])
    func scopeWithdrawn(hasBearer: Bool) async throws {
        var clients = World.clients
        clients[4] = clients[4].with(scopes: ["api", "admin"])
        let world = try await World(clients: clients)
        let first = try await world.login()
        #expect(try world.service.verifier.verify(first.accessToken).scope == "api admin")
        let reloaded = world.reloaded(clients: World.clients)
        let request = LoginRequest(
            grantType: "password",
            username: "alice",
            password: Password("pw"),
            directory: 1,
            inSession: 1,
            bearer: hasBearer ? first.accessToken : nil
        )
        let model = try await reloaded.login(request, context: World.caller)
        #expect(model.sessionNumber == first.sessionNumber)
        #expect(try reloaded.verifier.verify(model.accessToken).scope == "api")
    }

    @Test("A Bearer that is not live costs no bind")
    func deadBearer() async throws {
        let world = try await World()
        let first = try await world.login()
        let count = world.authenticator.requests.count
        let expected = "invalid_token: Authorization has been denied for this request."
        #expect(await world.refusal { try await world.login(inSession: 1, bearer: "rubbish") } == expected)
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        await world.feed.poll()
        #expect(await world.refusal { try await world.login(inSession: 1, bearer: first.accessToken) } == expected)
        #expect(world.authenticator.requests.count == count)
    }

    @Test("A session that ended on another node a moment ago is found out by the store")
    func endedElsewhere() async throws {
        let world = try await World()
        let first = try await world.login()
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        #expect(
            await world.refusal { try await world.login(inSession: 1, bearer: first.accessToken) }
                == "invalid_token: Authorization has been denied for this request."
        )
    }

    @Test("Another user's, another client's and a client's own token")
    func foreignBearer() async throws {
        let world = try await World()
        let first = try await world.login()
        let web = try await world.logIn()
        #expect(
            await world.refusal { try await world.login(inSession: 1, bearer: web.accessToken) }
                == "invalid_grant: The session belongs to another client"
        )
        let machine = try await world.service.token(
            TokenRequest(client: World.web, grantType: "client_credentials"),
            context: World.caller
        )
        #expect(
            await world.refusal { try await world.login(inSession: 1, bearer: machine.accessToken) }
                == "invalid_token: Authorization has been denied for this request."
        )
        var bob = World.alice
        bob.key = IdentityKey(source: SourceID(1), stableID: "bob")
        world.authenticator.result = .authenticated(bob)
        #expect(
            await world.refusal { try await world.login(inSession: 1, bearer: first.accessToken) }
                == "invalid_grant: The session belongs to another user"
        )
    }

    @Test("A login session lives login_lifetime, at most session_max, and has no refresh")
    func lifetimes() async throws {
        let settings = TokenSettings(loginLifetime: .seconds(7200), sessionMax: .seconds(3600))
        let world = try await World(settings: settings)
        let model = try await world.login()
        let claims = try world.service.verifier.verify(model.accessToken)
        #expect(claims.expiresAt - claims.issuedAt == 3600)
        var clients = World.clients
        clients[4] = clients[4].with(accessLifetime: .seconds(60))
        let own = try await World(settings: settings, clients: clients)
        let short = try own.service.verifier.verify(try await own.login().accessToken)
        #expect(short.expiresAt - short.issuedAt == 60)
    }
}
