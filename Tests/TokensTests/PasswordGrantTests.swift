import Authentication
import Testing

@testable import Tokens

@Suite struct PasswordGrantTests {
    @Test("All that an answer tells")
    func answer() async throws {
        let world = try await World()
        let answer = try await world.logIn(scope: "write read write")
        #expect(answer.expiresIn == 300)
        #expect(answer.refreshExpiresIn == 1800)
        #expect(answer.tokenType == "Bearer")
        #expect(answer.ip == "192.0.2.10")
        #expect(answer.redirectURL == "https://app.example/")
        #expect(answer.isEditor)
        #expect(answer.notBeforePolicy == 0)
        #expect(answer.scope == "write read")
        #expect(answer.sessionState?.count == 36)
        #expect(answer.sessionState == answer.sessionState?.lowercased())
        let event = try #require(world.audit.events.last)
        #expect(event.kind == .login)
        #expect(event.user == "alice")
        #expect(event.userID == 12)
        #expect(event.source == "corp")
        #expect(event.host == "ldap1")
        #expect(event.address == "192.0.2.10")
        #expect(event.session == answer.sessionState)
        #expect(event.requestID == "r1")
    }

    @Test("A peer without an address is told none, and the audit log its word")
    func withoutAddress() async throws {
        let world = try await World()
        let context = RequestContext(address: "unix", hasAddress: false)
        let answer = try await world.service.token(world.passwordRequest(), context: context)
        #expect(answer.ip == nil)
        #expect(world.audit.events.last?.address == "unix")
        #expect(RequestContext(address: "").ip == nil)
    }

    @Test("No scope asked for means the defaults", arguments: [nil, "", "  "] as [String?])
    func defaultScope(scope: String?) async throws {
        let world = try await World()
        #expect(try await world.logIn(scope: scope).scope == "read")
    }

    @Test("A client that may not refresh gets no refresh token")
    func withoutRefresh() async throws {
        let world = try await World()
        let answer = try await world.service.token(
            TokenRequest(
                client: ClientCredentials(id: "plain", secrets: [Password("geheim")]),
                username: "alice",
                password: Password("pw"),
                grantType: "password"
            ),
            context: RequestContext(address: "")
        )
        #expect(answer.refreshToken == nil)
        #expect(answer.refreshExpiresIn == 0)
        #expect(answer.sessionState != nil)
        #expect(answer.ip == nil)
        #expect(answer.scope == "")
    }

    @Test("Who is asked", arguments: [(false, AuthenticationRequest.Selection.unnamed), (true, .windows)])
    func selection(isWindows: Bool, expected: AuthenticationRequest.Selection) async throws {
        var clients = World.clients
        clients[0] = clients[0].with(sources: [SourceID(2)])
        let world = try await World(clients: clients)
        var request = world.passwordRequest()
        request.windowsAuthentication = isWindows
        request.username = " CORP\\Alice "
        _ = try await world.service.token(request, context: World.caller)
        let asked = try #require(world.authenticator.requests.first)
        #expect(asked.selection == expected)
        #expect(asked.sources == [SourceID(2)])
        #expect(asked.username == " CORP\\Alice ")
        #expect(asked.address == "192.0.2.10")
        #expect(asked.client == "web")
    }

    @Test("A client's own lifetimes override the settings")
    func lifetimes() async throws {
        var clients = World.clients
        clients[0] = clients[0].with(accessLifetime: .seconds(60), refreshIdle: .seconds(120))
        let world = try await World(clients: clients)
        var answer = try await world.logIn()
        #expect(answer.expiresIn == 60)
        #expect(answer.refreshExpiresIn == 120)
        clients[0] = clients[0].with(sessionMax: .seconds(30))
        answer = try await World(clients: clients).logIn()
        #expect(answer.expiresIn == 30)
        #expect(answer.refreshExpiresIn == 30)
    }

    @Test("client_credentials: a token about the client alone")
    func clientCredentials() async throws {
        let world = try await World()
        let answer = try await world.service.token(
            TokenRequest(client: World.web, scope: "write", grantType: "client_credentials"),
            context: World.caller
        )
        #expect(answer.refreshToken == nil)
        #expect(answer.sessionState == nil)
        #expect(answer.refreshExpiresIn == 0)
        #expect(answer.expiresIn == 300)
        #expect(!answer.isEditor)
        #expect(answer.scope == "write")
        let claims = try world.service.verifier.verify(answer.accessToken)
        #expect(claims.subject == "web")
        #expect(claims.person == nil)
        #expect(world.authenticator.requests.isEmpty)
        #expect(world.audit.events.last?.kind == .login)
    }

    @Test("Two tokens are never the same")
    func uniqueTokens() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let second = try await world.logIn()
        let verifier = world.service.verifier
        #expect(try verifier.verify(first.accessToken).id != verifier.verify(second.accessToken).id)
        #expect(first.refreshToken != second.refreshToken)
    }
}
