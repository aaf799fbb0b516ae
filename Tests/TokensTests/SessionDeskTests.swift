import Authentication
import Testing

@testable import Tokens

@Suite struct SessionDeskTests {
    private static let denied = "invalid_token: Authorization has been denied for this request."

    private func revoke(_ world: World, _ token: String?, client: ClientCredentials = World.web) async throws {
        try await world.service.revoke(TokenQuery(token: token, client: client), context: World.caller)
    }

    @Test("Either token ends the session, here at once and in the store", arguments: [true, false])
    func revokes(byRefreshToken: Bool) async throws {
        let world = try await World()
        let answer = try await world.logIn()
        let other = try await world.logIn()
        try await revoke(world, byRefreshToken ? answer.refreshToken : answer.accessToken)
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(answer.accessToken) }
        #expect(
            await world.refusal { try await world.refresh(answer.refreshToken) } == "invalid_grant: Session not active"
        )
        _ = try world.service.verifier.verify(other.accessToken)
        let event = try #require(world.audit.events.last { $0.kind == .revoke })
        #expect(event.reason == nil)
        #expect(event.user == "alice")
        #expect(event.userID == 12)
        #expect(event.source == "corp")
        #expect(event.client == "web")
        #expect(event.address == "192.0.2.10")
        #expect(event.session == answer.sessionState)
        #expect(event.requestID == "r1")
        // Again, and the other token of the same session: no error, no second line.
        try await revoke(world, answer.accessToken)
        try await revoke(world, answer.refreshToken)
        #expect(world.audit.events.count { $0.kind == .revoke } == 1)
    }

    @Test func anExpiredAccessTokenStillNamesItsSession() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        world.clock.advance(.seconds(400))
        try await revoke(world, answer.accessToken)
        #expect(
            await world.refusal { try await world.refresh(answer.refreshToken) } == "invalid_grant: Session not active"
        )
    }

    @Test(arguments: ["rubbish", "a.b.c"]) func unknownTokensAreNoError(token: String) async throws {
        let world = try await World()
        try await revoke(world, token)
        #expect(world.audit.events.isEmpty)
    }

    @Test func revocationsRefused() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        let plain = ClientCredentials(id: "plain", secrets: [Password("geheim")])
        let foreign = "unauthorized_client: The token belongs to another client"
        #expect(await world.refusal { try await revoke(world, answer.accessToken, client: plain) } == foreign)
        #expect(await world.refusal { try await revoke(world, answer.refreshToken, client: plain) } == foreign)
        _ = try world.service.verifier.verify(answer.accessToken)
        _ = try await world.refresh(answer.refreshToken)
        #expect(await world.refusal { try await revoke(world, nil) } == "invalid_request: Missing parameter: token")
        #expect(
            await world.refusal { try await revoke(world, "x", client: ClientCredentials(id: "nobody")) }
                == "invalid_client: Invalid client"
        )
        let machine = try await world.service.token(
            TokenRequest(client: World.web, grantType: "client_credentials"),
            context: World.caller
        )
        #expect(
            await world.refusal { try await revoke(world, machine.accessToken) }
                == "unsupported_token_type: A client's own token has no session to end; it expires by itself"
        )
        // Nothing was ended; who could not prove himself is a line, as at the token endpoint.
        #expect(!world.audit.events.contains { $0.kind == .revoke })
        let refused = world.audit.events.filter { $0.kind == .loginRefused }
        #expect(refused.map(\.reason) == ["invalid_client"])
        #expect(refused.map(\.client) == ["nobody"])
    }

    @Test func aPublicClientRevokesItsOwn() async throws {
        let world = try await World()
        let open = ClientCredentials(id: "open")
        let answer = try await world.service.token(
            TokenRequest(client: open, username: "alice", password: Password("pw"), grantType: "password"),
            context: World.caller
        )
        try await revoke(world, answer.refreshToken, client: open)
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(answer.accessToken) }
    }

    @Test func logsOut() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        try await world.service.logout(answer.accessToken, context: World.caller)
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(answer.accessToken) }
        #expect(
            await world.refusal { try await world.refresh(answer.refreshToken) } == "invalid_grant: Session not active"
        )
        #expect(
            await world.refusal { try await world.service.logout(answer.accessToken, context: World.caller) }
                == Self.denied
        )
        let event = try #require(world.audit.events.last { $0.kind == .logout })
        #expect(event.kind == .logout)
        #expect(event.session == answer.sessionState)
        let machine = try await world.service.token(
            TokenRequest(client: World.web, grantType: "client_credentials"),
            context: World.caller
        )
        let refusal = await world.refusal { try await world.service.logout(machine.accessToken, context: World.caller) }
        #expect(refusal?.hasPrefix("insufficient_scope") == true)
    }

    @Test func listsOnesOwn() async throws {
        let world = try await World()
        let first = try await world.logIn()
        world.clock.advance(.seconds(10))
        let login = try await world.login()
        world.clock.advance(.seconds(10))
        _ = try await world.refresh(first.refreshToken)
        var bob = World.alice
        bob.key = IdentityKey(source: SourceID(1), stableID: "bob")
        world.authenticator.result = .authenticated(bob)
        _ = try await world.logIn()
        let list = try await world.service.sessions(first.accessToken)
        #expect(list.map(\.number) == [78, 77])
        #expect(
            list.last
                == SessionSummary(
                    number: 77,
                    id: first.sessionState ?? "",
                    client: "web",
                    scope: "read",
                    address: "192.0.2.10",
                    userAgent: "curl",
                    createdAt: 1_790_000_000,
                    lastUsedAt: 1_790_000_020,
                    expiresAt: 1_790_001_820,
                    isCurrent: true
                )
        )
        #expect(list.first?.isCurrent == false)
        #expect(list.first?.client == "login")
        #expect(try await world.service.sessions(login.accessToken).map(\.isCurrent) == [true, false])
    }

    @Test("A User-Agent is cut, whatever it is made of", arguments: ["a", "e\u{301}"])
    func longUserAgent(character: String) async throws {
        let world = try await World()
        let context = RequestContext(
            address: "192.0.2.10",
            userAgent: String(repeating: character, count: 300),
            requestID: "r1"
        )
        let answer = try await world.service.token(world.passwordRequest(), context: context)
        let kept = try #require(try await world.service.sessions(answer.accessToken).first).userAgent
        #expect(kept.unicodeScalars.count == 200)
    }

    @Test func endsOnesOwnByNumber() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let second = try await world.logIn()
        var bob = World.alice
        bob.key = IdentityKey(source: SourceID(1), stableID: "bob")
        world.authenticator.result = .authenticated(bob)
        let bobs = try await world.logIn()
        func end(_ number: Int32, _ bearer: String) async throws -> Bool {
            try await world.service.endSession(number, bearer: bearer, context: World.caller)
        }
        #expect(try await !end(79, first.accessToken), "bob's")
        #expect(try await !end(0, first.accessToken))
        #expect(try await !end(4711, first.accessToken))
        _ = try world.service.verifier.verify(bobs.accessToken)
        #expect(try await end(78, first.accessToken))
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(second.accessToken) }
        #expect(try await !end(78, first.accessToken), "twice")
        #expect(try await world.service.sessions(first.accessToken).map(\.number) == [77])
        #expect(try await end(77, first.accessToken), "the present one")
        #expect(await world.refusal { try await world.service.sessions(first.accessToken) } == Self.denied)
        #expect(world.audit.events.count { $0.kind == .logout } == 2)
    }

    @Test func whatIsRevokedIsNoLongerListed() async throws {
        let world = try await World()
        let web = try await world.logIn()
        world.clock.advance(.seconds(10))
        let login = try await world.login()
        #expect(try await world.service.sessions(login.accessToken).map(\.number) == [78, 77])
        await world.store.setNotBefore(.client("web"), seconds: world.clock.now().seconds)
        await world.feed.poll()
        #expect(try await world.service.sessions(login.accessToken).map(\.number) == [78])
        let isEnded = try await world.service.endSession(77, bearer: login.accessToken, context: World.caller)
        #expect(!isEnded)
        #expect(!world.audit.events.contains { $0.kind == .logout })
        #expect(await world.refusal { try await world.refresh(web.refreshToken) } == "invalid_grant: Stale token")
        let next = try await world.logIn()
        #expect(try await world.service.sessions(next.accessToken).map(\.number) == [79, 78])
    }

    @Test func aTokenByAnotherNodesNewKeyIsRevoked() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        let id = try #require(answer.refreshToken.flatMap(world.keys.readRefreshToken)).session
        let other = try await world.otherNode()
        let token = other.refreshToken(session: id, generation: 0, issuedAt: world.clock.now())
        #expect(world.keys.readRefreshToken(token) == nil)
        try await revoke(world, token)
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(answer.accessToken) }
    }

    /// Ends the session of `answer` while the store cannot be written.
    private func endInOutage(_ world: World, _ answer: AccessTokenResponse) async {
        await world.store.fail(with: StoreError(.unavailable, "gone"))
        #expect(
            await world.refusal { try await revoke(world, answer.refreshToken) }?.hasPrefix("temporarily") == true
        )
        // The row cannot be read either, so it is revoked by what the other endpoints would do.
        await world.store.fail(with: nil)
        await world.store.failWrites(with: StoreError(.unavailable, "gone"))
        let refusal = await world.refusal {
            try await world.service.logout(answer.accessToken, context: World.caller)
        }
        #expect(refusal == "temporarily_unavailable: The directory is not reachable")
        #expect(throws: AccessTokenError.sessionEnded) { try world.service.verifier.verify(answer.accessToken) }
    }

    @Test("An end that the store did not take can be said again", arguments: 0..<4)
    func saidAgain(how: Int) async throws {
        let world = try await World(retries: [])
        let answer = try await world.logIn()
        await endInOutage(world, answer)
        for isDown in [true, false] {
            if !isDown { await world.store.failWrites(with: nil) }
            let refusal = await world.refusal {
                switch how {
                case 0: try await world.service.logout(answer.accessToken, context: World.caller)
                case 1:
                    let number: Int32 = 77
                    let isEnded = try await world.service.endSession(
                        number,
                        bearer: answer.accessToken,
                        context: World.caller
                    )
                    #expect(isEnded)
                case 2: try await revoke(world, answer.refreshToken)
                default: _ = try await world.refresh(answer.refreshToken)
                }
            }
            let expected =
                isDown
                ? "temporarily_unavailable: The directory is not reachable"
                : how == 3 ? "invalid_grant: Session not active" : nil
            #expect(refusal == expected)
        }
        let id = try #require(world.keys.readRefreshToken(answer.refreshToken ?? "")).session
        #expect(try await world.store.session(id)?.endedAt != nil)
        // And that was the last time.
        #expect(
            await world.refusal { try await world.service.logout(answer.accessToken, context: World.caller) }
                == Self.denied
        )
        let again = await world.refusal {
            try await world.service.endSession(77, bearer: answer.accessToken, context: World.caller)
        }
        #expect(again == Self.denied)
        #expect(world.audit.events.count { [.logout, .revoke].contains($0.kind) } == (how == 3 ? 0 : 1))
    }

    @Test("The token of a session that ended here only does nothing else")
    func nothingElse() async throws {
        let world = try await World(retries: [])
        let answer = try await world.logIn()
        _ = try await world.logIn()
        await endInOutage(world, answer)
        await world.store.failWrites(with: nil)
        let other = await world.refusal {
            try await world.service.endSession(78, bearer: answer.accessToken, context: World.caller)
        }
        #expect(other == Self.denied)
        #expect(await world.refusal { try await world.service.sessions(answer.accessToken) } == Self.denied)
        #expect(await world.refusal { try await world.service.userInfo(answer.accessToken) } == Self.denied)
        let asked = TokenQuery(token: answer.refreshToken, client: World.web)
        #expect(try await world.service.introspect(asked, context: World.caller) == .inactive)
    }

    @Test("Inside a session, one that ended here only is not gone on with")
    func notContinued() async throws {
        let world = try await World(retries: [])
        let first = try await world.login()
        await world.store.failWrites(with: StoreError(.unavailable, "gone"))
        #expect(
            await world.refusal { try await world.service.logout(first.accessToken, context: World.caller) } != nil
        )
        await world.store.failWrites(with: nil)
        let second = try await world.login(inSession: 1)
        #expect(second.sessionNumber == first.sessionNumber + 1)
        _ = try world.service.verifier.verify(second.accessToken)
    }

    @Test("An end that the store did not take is written when it takes it", .timeLimit(.minutes(1)))
    func writtenLater() async throws {
        let world = try await World(retries: Array(repeating: .milliseconds(20), count: 500))
        let answer = try await world.logIn()
        await endInOutage(world, answer)
        await world.store.failWrites(with: nil)
        let id = try #require(world.keys.readRefreshToken(answer.refreshToken ?? "")).session
        while try await world.store.session(id)?.endedAt == nil { try await Task.sleep(for: .milliseconds(10)) }
    }

    @Test func anOutageIsToldAndTheSessionIsDeadHereAllTheSame() async throws {
        let world = try await World()
        let answer = try await world.logIn()
        await world.store.fail(with: StoreError(.unavailable, "gone"))
        #expect(
            await world.refusal { try await revoke(world, answer.refreshToken) }
                == "temporarily_unavailable: The directory is not reachable"
        )
    }
}
