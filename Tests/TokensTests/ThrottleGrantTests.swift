import Authentication
import Logging
import Testing

@testable import Tokens

@Suite("Waiting, at the grants")
struct ThrottleGrantTests {
    private func throttle(_ settings: ThrottleSettings) -> Throttle {
        Throttle(
            settings: settings,
            secret: [UInt8](repeating: 3, count: 32),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    private func token(_ world: World, _ request: TokenRequest, from address: String = "192.0.2.10") async
        -> TokenError?
    {
        do {
            _ = try await world.service.token(request, context: RequestContext(address: address, requestID: "r1"))
            return nil
        } catch {
            return error
        }
    }

    @Test("A wait is 429 with its seconds, and one audit line for all its attempts")
    func audit() async throws {
        let world = try await World()
        for isFirst in [true, false, false] {
            let wait = ThrottleWait(.account, remaining: .milliseconds(29_001), isFirst: isFirst)
            world.authenticator.result = .rejected(Rejection(wait))
            let error = await token(world, world.passwordRequest())
            #expect(error?.code == .temporarilyUnavailable && error?.isThrottled == true && error?.retryAfter == 30)
            #expect(error?.description == "Too many attempts")
        }
        #expect(world.audit.events.map(\.kind) == [.throttle])
        let event = try #require(world.audit.events.first)
        #expect(event.user == "alice" && event.reason == "account-waits" && event.detail == "waits 30 s")
        #expect(event.address == "192.0.2.10" && event.client == "web" && event.requestID == "r1")
    }

    @Test(
        "Wrong secrets, unknown clients and secrets of public clients make the address wait",
        arguments: [
            ClientCredentials(id: "web", secrets: [Password("no")]), ClientCredentials(id: "nobody"),
            ClientCredentials(id: "open", secrets: [Password("x")]),
            ClientCredentials(
                id: "web",
                secrets: [Password("a"), Password("a")],
                alternativeIDs: ["web", "web"],
                method: .basic
            ),
        ]
    )
    func secrets(_ credentials: ClientCredentials) async throws {
        let world = try await World(throttle: throttle(ThrottleSettings(addressFailures: 3)))
        var request = world.passwordRequest()
        request.client = credentials
        for _ in 0..<3 { #expect(await token(world, request)?.code == .invalidClient) }
        // A right secret must not be told from a wrong one now, whatever it is for.
        for grant in ["password", "client_credentials", "refresh_token"] {
            let right = TokenRequest(client: World.web, username: "alice", password: Password("pw"), grantType: grant)
            #expect(await token(world, right)?.isThrottled == true, "\(grant)")
        }
        #expect(await token(world, world.passwordRequest(), from: "192.0.2.11") == nil)
        #expect(world.audit.events.filter { $0.kind == .throttle }.map(\.reason) == ["address-waits"])
    }

    @Test("A client that forgets its secret, or its name, guesses nothing")
    func forgetful() async throws {
        let world = try await World(throttle: throttle(ThrottleSettings(addressFailures: 3)))
        for _ in 0..<10 {
            #expect(
                await token(world, TokenRequest(client: ClientCredentials(id: "web"), grantType: "password")) != nil
            )
        }
        #expect(await token(world, world.passwordRequest()) == nil)
    }

    @Test("A waiting address: a client that was proved before hears nothing of a token either; the log says so once")
    func introspection() async throws {
        let throttle = throttle(ThrottleSettings(addressFailures: 1))
        let world = try await World(throttle: throttle)
        let answer = try await world.logIn()
        let query = TokenQuery(token: answer.accessToken, client: World.web)
        #expect(try await world.service.introspect(query, context: World.caller).isActive)
        await throttle.countFailure(ofAddress: World.caller.address)
        for _ in 0..<2 {
            let refusal = await #expect(throws: TokenError.self) {
                try await world.service.introspect(query, context: World.caller)
            }
            #expect(refusal?.isThrottled == true)
        }
        #expect(world.audit.events.filter { $0.kind == .throttle }.map(\.reason) == ["address-waits"])
    }

    @Test("A waiting address: missing fields come first, then 429; who is refreshed without a secret goes on")
    func order() async throws {
        let throttle = throttle(ThrottleSettings(addressFailures: 1))
        let world = try await World(throttle: throttle)
        let open = ClientCredentials(id: "open")
        var login = world.passwordRequest()
        login.client = open
        let session = try await world.service.token(login, context: World.caller)
        await throttle.countFailure(ofAddress: World.caller.address)
        #expect(await token(world, TokenRequest(client: open, grantType: "password"))?.code == .invalidRequest)
        #expect(await token(world, login)?.isThrottled == true)
        await #expect(throws: TokenError.self) { try await world.login() }
        let refresh = TokenRequest(client: open, grantType: "refresh_token", refreshToken: session.refreshToken)
        #expect(await token(world, refresh) == nil)
        #expect(world.authenticator.requests.count == 1)
    }

    @Test("Too much to do here is no directory that cannot be reached")
    func overload() async throws {
        let world = try await World()
        world.authenticator.result = .unavailable(
            Outage(sources: [.local], detail: "local: too many", retryAfter: 1, isOverload: true)
        )
        #expect(await token(world, world.passwordRequest())?.description == "The service is busy")
        #expect(world.audit.events.last?.reason == "overloaded")
        world.authenticator.result = .unavailable(Outage(sources: [SourceID(1)], detail: "corp: refused"))
        #expect(await token(world, world.passwordRequest())?.description == "The directory is not reachable")
        #expect(world.audit.events.last?.reason == "unavailable")
    }

    @Test("The audit line says why a refresh was refused")
    func refreshReasons() async throws {
        let world = try await World()
        func reason(_ token: String?) async -> String? {
            _ = try? await world.refresh(token)
            return world.audit.events.last?.reason
        }
        #expect(await reason("garbage") == "malformed")
        let session = try await world.logIn()
        let other = TokenRequest(
            client: ClientCredentials(id: "open"),
            grantType: "refresh_token",
            refreshToken: session.refreshToken
        )
        #expect(await token(world, other) != nil)
        #expect(world.audit.events.last?.reason == "other-client")
        world.clock.advance(.seconds(1801))
        #expect(await reason(session.refreshToken) == "idle")
        world.clock.advance(.seconds(36_000))
        #expect(await reason(session.refreshToken) == "expired")
        let ended = try await world.logIn()
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        #expect(await reason(ended.refreshToken) == "ended")
        let stale = try await world.logIn()
        world.clock.advance(.seconds(2))
        await world.store.setNotBefore(.everyone, seconds: world.clock.now().seconds)
        await world.feed.poll()
        #expect(await reason(stale.refreshToken) == "not-before")
    }
}
