import Authentication
import Testing

@testable import Tokens

@Suite struct RefreshGrantTests {
    @Test("A refresh rotates, renews the idle end and keeps the session")
    func rotates() async throws {
        let world = try await World()
        let first = try await world.logIn(scope: "read write")
        world.clock.advance(.seconds(1000))
        let second = try await world.refresh(first.refreshToken)
        #expect(second.refreshToken != first.refreshToken)
        #expect(second.sessionState == first.sessionState)
        #expect(second.refreshExpiresIn == 1800)
        #expect(second.scope == "read write")
        let claims = try world.service.verifier.verify(second.accessToken)
        #expect(claims.person?.authenticatedAt == 1_790_000_000)
        #expect(claims.issuedAt == 1_790_001_000)
        #expect(world.audit.events.last?.kind == .refresh)
        world.clock.advance(.seconds(1000))
        _ = try await world.refresh(second.refreshToken)
    }

    @Test("The scope may only narrow, and the next refresh has the whole of it again")
    func narrows() async throws {
        let world = try await World()
        let first = try await world.logIn(scope: "read write")
        let second = try await world.refresh(first.refreshToken, scope: "write")
        #expect(second.scope == "write")
        let third = try await world.refresh(second.refreshToken)
        #expect(third.scope == "read write")
        let narrow = try await world.logIn(scope: "read")
        #expect(
            await world.refusal { try await world.refresh(narrow.refreshToken, scope: "write read") }
                == "invalid_scope: Invalid scopes: write"
        )
        // A refused refresh consumes nothing.
        _ = try await world.refresh(narrow.refreshToken)
    }

    @Test("Another client's token")
    func otherClient() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let request = TokenRequest(
            client: ClientCredentials(id: "open"),
            grantType: "refresh_token",
            refreshToken: first.refreshToken
        )
        #expect(
            await world.refusal { try await world.service.token(request, context: World.caller) }
                == "invalid_grant: Invalid refresh token. Token client and authorized client don't match"
        )
        _ = try await world.refresh(first.refreshToken)
    }

    @Test(
        "Idle end and hard end",
        arguments: [(1799, 0, nil), (1800, 0, "Token is not active"), (1500, 24, "Token is not active")]
    )
    func ends(step: Int, rounds: Int, expected: String?) async throws {
        let world = try await World()
        var token = try await world.logIn().refreshToken
        for _ in 0..<max(0, rounds - 1) {
            world.clock.advance(.seconds(step))
            token = try await world.refresh(token).refreshToken
        }
        world.clock.advance(.seconds(step))
        let last = token
        #expect(await world.refusal { try await world.refresh(last) } == expected.map { "invalid_grant: \($0)" })
        if expected != nil {
            // A day later it still says so.
            world.clock.advance(.seconds(86_400))
            _ = try await world.keys.rotateIfDue()
            #expect(await world.refusal { try await world.refresh(last) } == "invalid_grant: Token is not active")
        }
    }

    @Test("An ended session")
    func ended() async throws {
        let world = try await World()
        let first = try await world.logIn()
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        #expect(
            await world.refusal { try await world.refresh(first.refreshToken) } == "invalid_grant: Session not active"
        )
        await world.feed.poll()
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(first.accessToken) }
    }

    @Test(
        "The answer lost: the same successor within the grace, the end of the session after it",
        arguments: [
            (0, true), (9_999, true), (10_000, false), (-3_000, true), (-59_000, true),
        ]
    ) func grace(milliseconds: Int, isAnswered: Bool) async throws {
        let world = try await World()
        let first = try await world.logIn()
        let second = try await world.refresh(first.refreshToken)
        world.clock.advance(.milliseconds(milliseconds))
        let rechecks = world.authenticator.recheckCount
        if isAnswered {
            let again = try await world.refresh(first.refreshToken)
            #expect(again.refreshToken == second.refreshToken)
            #expect(world.authenticator.recheckCount == rechecks)
            _ = try await world.refresh(second.refreshToken)
        } else {
            #expect(
                await world.refusal { try await world.refresh(first.refreshToken) }
                    == "invalid_grant: Maximum allowed refresh token reuse exceeded"
            )
            #expect(
                await world.refusal { try await world.refresh(second.refreshToken) }
                    == "invalid_grant: Session not active"
            )
            // At once on this node, without waiting for the feed.
            #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(second.accessToken) }
            #expect(world.audit.events.contains { $0.kind == .refreshRefused && $0.reason == "reused" })
        }
    }

    @Test("The same successor also when the keys were rotated meanwhile", arguments: [0, 3, 10])
    func graceAcrossRotation(secondsBefore: Int) async throws {
        let world = try await World()
        let first = try await world.logIn()
        world.clock.advance(.seconds(secondsBefore))
        let second = try await world.refresh(first.refreshToken)
        try await world.keys.rotate()
        #expect(try await world.refresh(first.refreshToken).refreshToken == second.refreshToken)
        world.clock.advance(.seconds(6))
        #expect(try await world.refresh(first.refreshToken).refreshToken == second.refreshToken)
        // And a further rotation, with the new key in use.
        let third = try await world.refresh(second.refreshToken)
        #expect(third.refreshToken.flatMap(RefreshToken.keyID) != second.refreshToken.flatMap(RefreshToken.keyID))
        try await world.keys.rotate()
        world.clock.advance(.seconds(6))
        #expect(try await world.refresh(second.refreshToken).refreshToken == third.refreshToken)
    }

    @Test("Nothing comes of a refresh during which everybody is revoked, however long it takes", arguments: [0, 2, 60])
    func revokedMeanwhile(seconds: Int) async throws {
        let world = try await World()
        let first = try await world.logIn()
        world.clock.advance(.seconds(1000))
        world.authenticator.onRecheck {
            world.revoke()
            world.clock.advance(.seconds(seconds))
        }
        #expect(await world.refusal { try await world.refresh(first.refreshToken) } == "invalid_grant: Stale token")
        world.authenticator.onRecheck {}
        #expect(await world.refusal { try await world.refresh(first.refreshToken) } == "invalid_grant: Stale token")
    }

    @Test(
        "A login that a revocation meets between its session and its token is revoked with both",
        arguments: [true, false]
    )
    func revokedWhileOpening(isBefore: Bool) async throws {
        let world = try await World()
        if isBefore { world.revoke() } else { await world.store.onOpen { world.revoke() } }
        let first = try await world.logIn()
        await world.store.onOpen {}
        let refusal = await world.refusal { try await world.refresh(first.refreshToken) }
        if isBefore {
            _ = try world.service.verifier.verify(first.accessToken)
            #expect(refusal == nil)
        } else {
            #expect(throws: AccessTokenError.revoked) { try world.service.verifier.verify(first.accessToken) }
            #expect(refusal == "invalid_grant: Stale token")
        }
    }

    @Test("Two refreshes old is reuse even within the grace")
    func older() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let second = try await world.refresh(first.refreshToken)
        let third = try await world.refresh(second.refreshToken)
        #expect(
            await world.refusal { try await world.refresh(first.refreshToken) }
                == "invalid_grant: Maximum allowed refresh token reuse exceeded"
        )
        #expect(
            await world.refusal { try await world.refresh(third.refreshToken) } == "invalid_grant: Session not active"
        )
    }

    @Test("A hundred at once: one generation consumed, one successor")
    func concurrent() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let tokens = try await withThrowingTaskGroup(of: String?.self) { group in
            for _ in 0..<100 {
                group.addTask { try await world.refresh(first.refreshToken).refreshToken }
            }
            return try await group.reduce(into: Set<String?>()) { $0.insert($1) }
        }
        #expect(tokens.count == 1)
        let successor = try #require(tokens.first ?? nil)
        #expect(world.keys.readRefreshToken(successor)?.generation == 1)
        _ = try await world.refresh(successor)
    }

    @Test(
        "What the source says at a refresh",
        arguments: [
            ("ended", "User disabled"), ("changed", "Session not active"), ("other", "User disabled"),
        ]
    ) func recheckRefuses(answer: String, text: String) async throws {
        let world = try await World()
        let first = try await world.logIn()
        var other = World.alice
        other.key = IdentityKey(source: SourceID(1), stableID: "somebody-else")
        world.authenticator.recheckResult =
            switch answer {
            case "ended": .ended(Rejection(.locked, detail: "775", host: "ldap2"))
            case "changed": .passwordChanged
            default: .current(other)
            }
        #expect(await world.refusal { try await world.refresh(first.refreshToken) } == "invalid_grant: \(text)")
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(first.accessToken) }
        world.authenticator.recheckResult = nil
        #expect(
            await world.refusal { try await world.refresh(first.refreshToken) } == "invalid_grant: Session not active"
        )
    }

    @Test("Nobody can say: the refresh is good, the idle end is not renewed", arguments: [true, false])
    func recheckUnavailable(isOutage: Bool) async throws {
        let world = try await World()
        let first = try await world.logIn()
        world.authenticator.recheckResult =
            isOutage ? .unavailable(Outage(sources: [SourceID(1)], detail: "down")) : .impossible
        world.clock.advance(.seconds(1000))
        let second = try await world.refresh(first.refreshToken)
        #expect(second.refreshExpiresIn == 800)
        world.clock.advance(.seconds(800))
        #expect(
            await world.refusal { try await world.refresh(second.refreshToken) } == "invalid_grant: Token is not active"
        )
    }

    @Test("New groups and names arrive with the refresh")
    func recheckUpdates() async throws {
        let world = try await World()
        let first = try await world.logIn()
        var person = World.alice
        person.groups = ["staff"]
        world.authenticator.recheckResult = .current(person)
        let second = try await world.refresh(first.refreshToken)
        #expect(!second.isEditor)
        #expect(try world.service.verifier.verify(second.accessToken).person?.groups == ["staff"])
    }

    @Test("A row older than its tokens, from a restored backup, is no reuse")
    func restoredBackup() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let id = try #require(first.refreshToken.flatMap(world.keys.readRefreshToken)).session
        let backup = try #require(await world.store.session(id))
        let second = try await world.refresh(first.refreshToken)
        await world.store.put(backup)
        #expect(
            await world.refusal { try await world.refresh(second.refreshToken) } == "invalid_grant: Session not active"
        )
        #expect(try await world.store.session(id)?.endedAt == nil)
    }

    @Test("A scope taken from the client is gone at the next refresh")
    func scopeWithdrawn() async throws {
        let world = try await World()
        let first = try await world.logIn(scope: "read write")
        var clients = World.clients
        clients[0] = clients[0].with(scopes: ["read"])
        let reloaded = world.reloaded(clients: clients)
        let request = TokenRequest(client: World.web, grantType: "refresh_token", refreshToken: first.refreshToken)
        #expect(try await reloaded.token(request, context: World.caller).scope == "read")
    }

    @Test(
        "A source taken from the client ends its sessions at the next refresh",
        arguments: [
            ([], true), ([SourceID(2), SourceID(1)], true), ([SourceID(2)], false), ([.local], false),
        ] as [([SourceID], Bool)],
        [false, true]
    )
    func sourceWithdrawn(row: ([SourceID], Bool), isRepeated: Bool) async throws {
        let (sources, isAllowed) = row
        let world = try await World()
        let first = try await world.logIn()
        // Also the repetition within the grace, which asks no source.
        if isRepeated { _ = try await world.refresh(first.refreshToken) }
        var clients = World.clients
        clients[0] = clients[0].with(sources: sources)
        let reloaded = world.reloaded(clients: clients)
        let request = TokenRequest(client: World.web, grantType: "refresh_token", refreshToken: first.refreshToken)
        let refusal = await world.refusal { try await reloaded.token(request, context: World.caller) }
        #expect(refusal == (isAllowed ? nil : "invalid_grant: Session not active"))
        let id = try #require(first.refreshToken.flatMap(world.keys.readRefreshToken)).session
        #expect((try await world.store.session(id)?.endedAt == nil) == isAllowed)
        guard !isAllowed else { return }
        #expect(world.audit.events.last?.reason == "source-not-allowed")
        #expect(throws: AccessTokenError.sessionEnded) { try reloaded.verifier.verify(first.accessToken) }
    }
}
