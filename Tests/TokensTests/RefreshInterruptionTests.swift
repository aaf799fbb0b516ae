import Authentication
import Testing

@testable import Tokens

/// Clocks that jump, and restarts, between one refresh and the next.
@Suite struct RefreshInterruptionTests {
    @Test("A clock that was far ahead for a while: its sessions are not live, and its refreshes outlast no not-before")
    func clockAhead() async throws {
        let world = try await World()
        let honest = try await world.logIn()
        world.clock.advance(.seconds(1000))
        let before = try await world.refresh(honest.refreshToken)
        world.clock.advance(.seconds(700))
        let during = try await world.refresh(before.refreshToken)
        world.clock.advance(.seconds(365 * 86_400))
        let ahead = try await world.logIn()
        world.clock.advance(.seconds(-365 * 86_400 - 1700))
        // Opened in a future that never was: otherwise it would live for a year and ten hours.
        #expect(
            await world.refusal { try await world.refresh(ahead.refreshToken) } == "invalid_grant: Token is not active"
        )
        #expect(throws: AccessTokenError.fromTheFuture) { try world.service.verifier.verify(ahead.accessToken) }
        // Opened before, refreshed while the clock was ahead: it goes on, by the right time.
        let after = try await world.refresh(during.refreshToken)
        #expect(after.refreshExpiresIn == 1800)
        _ = try world.service.verifier.verify(after.accessToken)
    }

    @Test("A refresh by a clock that was ahead does not survive a not-before set since")
    func clockAheadRevoked() async throws {
        let world = try await World()
        let first = try await world.logIn()
        world.clock.advance(.seconds(1700))
        let second = try await world.refresh(first.refreshToken)
        world.clock.advance(.seconds(-1600))
        await world.store.setNotBefore(.everyone, seconds: world.clock.now().seconds + 1)
        await world.feed.poll()
        #expect(await world.refusal { try await world.refresh(second.refreshToken) } == "invalid_grant: Stale token")
        _ = try await world.logIn()
    }

    @Test("A clock set back does not stretch the grace")
    func clockBackInGrace() async throws {
        let world = try await World()
        let first = try await world.logIn()
        world.clock.advance(.seconds(1700))
        _ = try await world.refresh(first.refreshToken)
        world.clock.advance(.seconds(-1600))
        #expect(
            await world.refusal { try await world.refresh(first.refreshToken) }
                == "invalid_grant: Maximum allowed refresh token reuse exceeded"
        )
    }

    @Test("A clock set back logs nobody out who has been logged in since before")
    func clockBack() async throws {
        let world = try await World()
        var token = try await world.logIn().refreshToken
        world.clock.advance(.seconds(-30))
        for _ in 0..<3 {
            token = try await world.refresh(token).refreshToken
            world.clock.advance(.seconds(10))
        }
        let old = try await world.logIn()
        world.clock.advance(.seconds(1200))
        let new = try await world.refresh(old.refreshToken)
        world.clock.advance(.seconds(-1210))
        _ = try await world.refresh(new.refreshToken)
    }

    @Test("A restart between a refresh and its repetition: the same successor, and then the next")
    func restart() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let second = try await world.refresh(first.refreshToken)
        // What a restart leaves is the store and the master key.
        let keys = try await KeyRing.open(
            store: world.store,
            masterKey: world.masterKey,
            policy: KeyPolicy(settings: TokenSettings(), clients: World.clients),
            pool: InlinePool(),
            clock: world.clock
        )
        let service = TokenService(
            settings: TokenSettings(firstSource: SourceID(1)),
            clients: World.clients,
            sessions: world.store,
            keys: keys,
            revocations: Revocations(),
            authenticator: world.authenticator,
            hasher: world.hash,
            audit: world.audit,
            clock: world.clock
        )
        func refresh(_ token: String?) async throws -> AccessTokenResponse {
            let request = TokenRequest(client: World.web, grantType: "refresh_token", refreshToken: token)
            return try await service.token(request, context: World.caller)
        }
        #expect(try await refresh(first.refreshToken).refreshToken == second.refreshToken)
        let third = try await refresh(second.refreshToken)
        #expect(third.refreshToken != second.refreshToken)
        #expect(keys.document == world.keys.document)
    }
}
