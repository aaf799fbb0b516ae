import Authentication
import Testing

@testable import Tokens

@Suite struct IntrospectionTests {
    private func ask(_ world: World, _ token: String?, client: ClientCredentials = World.web) async throws
        -> Introspection
    {
        try await world.service.introspect(TokenQuery(token: token, client: client), context: World.caller)
    }

    @Test func allMembersOfALiveAccessToken() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        let reads = await world.store.reads
        let found = try await ask(world, answer.accessToken)
        #expect(
            found
                == Introspection(
                    isActive: true,
                    scope: "read",
                    clientID: "web",
                    username: "alice",
                    tokenType: "Bearer",
                    expiresAt: 1_790_000_300,
                    issuedAt: 1_790_000_000,
                    subject: "1:6f9619ff-8b86-d011-b42d-00c04fc964ff",
                    audience: ["http://127.0.0.1:8480"],
                    issuer: "http://127.0.0.1:8480",
                    id: found.id,
                    session: answer.sessionState,
                    authenticatedAt: 1_790_000_000
                )
        )
        #expect(found.id?.count == 22)
        #expect(await world.store.reads == reads, "from memory")
    }

    @Test func aClientsOwnToken() async throws {
        let world = try await World()
        let token = try await world.service.token(
            TokenRequest(client: World.web, grantType: "client_credentials"),
            context: World.caller
        )
        let found = try await ask(world, token.accessToken)
        #expect(found.isActive)
        #expect(found.subject == "web")
        #expect(found.username == nil)
        #expect(found.session == nil)
    }

    @Test func aRefreshTokenIsLiveUntilItIsUsed() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let found = try await ask(world, first.refreshToken)
        #expect(found.isActive)
        #expect(found.tokenType == "refresh_token")
        #expect(found.expiresAt == 1_790_001_800)
        #expect(found.session == first.sessionState)
        world.clock.advance(.seconds(5))
        let second = try await world.refresh(first.refreshToken)
        #expect(try await ask(world, first.refreshToken) == .inactive)
        #expect(try await ask(world, second.refreshToken).isActive)
        world.clock.advance(.seconds(1801))
        #expect(try await ask(world, second.refreshToken) == .inactive)
    }

    @Test("What a refresh would refuse is not live", arguments: 0..<4)
    func whatARefreshWouldRefuse(what: Int) async throws {
        let world = try await World()
        let answer = try await world.logIn()
        var clients = World.clients
        let id = try #require(world.keys.readRefreshToken(answer.refreshToken ?? "")).session
        switch what {
        case 0: clients[0] = clients[0].with(sources: [SourceID(2)])
        case 1: clients[0] = clients[0].with(grants: [.password])
        case 2:
            // A clock that was wrong for a while must not outlast a not-before set since.
            var session = try #require(try await world.store.session(id))
            session.rotatedAt = world.clock.now() + .seconds(7200)
            await world.store.put(session)
            world.clock.advance(.seconds(2))
            world.revoke()
        default: break
        }
        let service = world.reloaded(clients: clients)
        let query = TokenQuery(token: answer.refreshToken, client: World.web)
        #expect(try await service.introspect(query, context: World.caller).isActive == (what == 3))
        let refresh = TokenRequest(
            client: World.web,
            grantType: "refresh_token",
            refreshToken: answer.refreshToken
        )
        let refusal = await world.refusal { try await service.token(refresh, context: World.caller) }
        #expect((refusal == nil) == (what == 3))
    }

    @Test func aRefreshTokenByAnotherNodesNewKey() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        let id = try #require(answer.refreshToken.flatMap(world.keys.readRefreshToken)).session
        let other = try await world.otherNode()
        let token = other.refreshToken(session: id, generation: 0, issuedAt: world.clock.now())
        #expect(world.keys.readRefreshToken(token) == nil)
        await world.store.fail(with: StoreError(.unavailable, "gone"))
        #expect(
            await world.refusal { try await ask(world, token) }
                == "temporarily_unavailable: The directory is not reachable"
        )
        await world.store.fail(with: nil)
        // The store is asked for an unknown key once a second at most.
        try await Task.sleep(for: .milliseconds(1100))
        #expect(try await ask(world, token).isActive)
    }

    @Test func anotherClientsRefreshTokenIsNotToldOf() async throws {
        let world = try await World()
        let token = try await world.logIn().refreshToken
        let plain = ClientCredentials(id: "plain", secrets: [Password("geheim")])
        #expect(try await ask(world, token, client: plain) == .inactive)
    }

    @Test(arguments: ["rubbish", "a.b.c", "AYk", "\u{0}"])
    func rubbish(token: String) async throws {
        let world = try await World()
        #expect(try await ask(world, token) == .inactive)
    }

    @Test func notLive() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        #expect(try await ask(world, answer.refreshToken) == .inactive, "the row says so at once")
        await world.feed.poll()
        #expect(try await ask(world, answer.accessToken) == .inactive)
        let other = try await world.logIn()
        world.clock.advance(.seconds(301))
        #expect(try await ask(world, other.accessToken) == .inactive)
        await world.store.setNotBefore(.client("web"), seconds: world.clock.now().seconds)
        await world.feed.poll()
        #expect(try await ask(world, other.refreshToken) == .inactive)
    }

    @Test func whoMayAsk() async throws {
        let world = try await World()
        func refusal(_ client: ClientCredentials, _ token: String? = "x") async -> String? {
            await world.refusal { try await ask(world, token, client: client) }
        }
        #expect(await refusal(ClientCredentials(id: "open")) == "invalid_client: Invalid client")
        #expect(await refusal(ClientCredentials(id: nil)) == "invalid_client: Invalid client", "the default is public")
        #expect(await refusal(ClientCredentials(id: "nobody")) == "invalid_client: Invalid client")
        #expect(
            await refusal(ClientCredentials(id: "web", secrets: [Password("no")]))
                == "invalid_client: Invalid client credentials"
        )
        #expect(await refusal(ClientCredentials(id: "web")) == "invalid_client: Invalid client credentials")
        #expect(await refusal(World.web, nil) == "invalid_request: Missing parameter: token")
        #expect(await refusal(World.web, "") == "invalid_request: Missing parameter: token")
    }

    @Test func anOutageOfTheStoreIsNoDeadToken() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        await world.store.fail(with: StoreError(.unavailable, "gone"))
        #expect(try await ask(world, answer.accessToken).isActive)
        #expect(
            await world.refusal { try await ask(world, answer.refreshToken) }
                == "temporarily_unavailable: The directory is not reachable"
        )
    }
}
