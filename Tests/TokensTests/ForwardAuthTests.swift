import Authentication
import Logging
import Testing

@testable import Tokens

@Suite struct ForwardAuthTests {
    private func bearer(
        _ world: World,
        _ token: String,
        groups: [String]? = nil,
        client: String? = nil
    ) async throws -> ForwardAuthAnswer {
        try await world.service.verify(
            ForwardAuthRequest(credentials: .bearer(token), groups: groups, client: client),
            context: World.caller
        )
    }

    private func basic(
        _ world: World,
        _ password: String = "pw",
        user: String = "alice",
        groups: [String]? = nil,
        from address: String = "192.0.2.10"
    ) async throws -> ForwardAuthAnswer {
        try await world.service.verify(
            ForwardAuthRequest(credentials: .basic(username: user, password: Password(password)), groups: groups),
            context: RequestContext(address: address, requestID: "r1")
        )
    }

    private static let answer = ForwardAuthAnswer(
        subject: "1:6f9619ff-8b86-d011-b42d-00c04fc964ff",
        source: "corp",
        username: "alice",
        userID: 12,
        email: "alice@corp.example",
        groups: ["editors", "staff"]
    )

    private static var person: Identity {
        var alice = World.alice
        alice.email = "alice@corp.example"
        return alice
    }

    @Test func aTokenIsAnsweredFromMemory() async throws {
        let world = try await World(identity: Self.person)
        let token = try await world.logIn().accessToken
        let reads = await world.store.reads
        let writes = await world.store.writes
        await world.store.fail(with: StoreError(.unavailable, "gone"))
        for _ in 0..<3 { #expect(try await bearer(world, token) == Self.answer) }
        #expect(await world.store.reads == reads)
        #expect(await world.store.writes == writes)
        #expect(world.authenticator.requests.count == 1)
    }

    @Test func aTokenThatIsNotLive() async throws {
        let world = try await World()
        let denied = "invalid_token: Authorization has been denied for this request."
        #expect(await world.refusal { try await bearer(world, "rubbish") } == denied)
        let token = try await world.logIn().accessToken
        try await world.service.logout(token, context: World.caller)
        #expect(await world.refusal { try await bearer(world, token) } == denied)
    }

    @Test func onlyTokensOfOneClient() async throws {
        let world = try await World()
        let token = try await world.logIn().accessToken
        _ = try await bearer(world, token, client: "web")
        #expect(
            await world.refusal { try await bearer(world, token, client: "login") }?.hasPrefix("invalid_token") == true
        )
        let request = ForwardAuthRequest(
            credentials: .basic(username: "alice", password: Password("pw")),
            client: "web"
        )
        let refusal = await world.refusal { try await world.service.verify(request, context: World.caller) }
        #expect(refusal?.hasPrefix("unauthorized") == true, "a password is no token")
        #expect(world.authenticator.requests.count == 1)
    }

    @Test(
        arguments: [
            (nil, true), (["staff"], true), (["nobody", "editors"], true), (["corp:staff"], true), (["Staff"], false),
            (["partner:staff"], false), (["local:staff"], false), (["nobody"], false), ([], false), ([""], false),
            (["corp:"], false),
        ] as [([String]?, Bool)]
    )
    func groups(names: [String]?, mayPass: Bool) async throws {
        let world = try await World()
        let token = try await world.logIn().accessToken
        let expected = mayPass ? nil : "access_denied: Not in any of the groups that may enter"
        #expect(await world.refusal { try await bearer(world, token, groups: names) } == expected)
        #expect(await world.refusal { try await basic(world, groups: names) } == expected)
    }

    @Test("A bare name belongs to the client's first source, not to the person's own")
    func bareNames() async throws {
        var clients = World.clients
        clients[0] = clients[0].with(sources: [.local, SourceID(1)])
        let world = try await World(clients: clients)
        let token = try await world.logIn().accessToken
        #expect(await world.refusal { try await bearer(world, token, groups: ["staff"]) } != nil)
        #expect(await world.refusal { try await bearer(world, token, groups: ["corp:staff"]) } == nil)
    }

    @Test func groupsThatDidNotFitIntoTheTokenAreReadOnce() async throws {
        var clients = World.clients
        clients[0] = clients[0].with(maxGroups: 1)
        let world = try await World(clients: clients)
        let token = try await world.logIn().accessToken
        let reads = await world.store.reads
        #expect(try await bearer(world, token).groups == ["editors", "staff"])
        _ = try await bearer(world, token, groups: ["staff"])
        #expect(await world.store.reads == reads + 1)
        // A refresh may bring other groups.
        let second = try await world.logIn()
        var alice = World.alice
        alice.groups = ["admins", "zoo"]
        world.authenticator.recheckResult = .current(alice)
        let refreshed = try await world.refresh(second.refreshToken)
        #expect(try await bearer(world, refreshed.accessToken).groups == ["admins", "zoo"])
    }

    @Test func aClientsOwnTokenNamesNobody() async throws {
        let world = try await World()
        let machine = try await world.service.token(
            TokenRequest(client: World.web, grantType: "client_credentials"),
            context: World.caller
        )
        #expect(try await bearer(world, machine.accessToken) == ForwardAuthAnswer(subject: "web"))
        #expect(
            await world.refusal { try await bearer(world, machine.accessToken, groups: ["staff"]) }
                == "access_denied: Not in any of the groups that may enter"
        )
    }

    @Test func aPasswordIsAskedForOnce() async throws {
        let world = try await World(identity: Self.person)
        for _ in 0..<3 { #expect(try await basic(world) == Self.answer) }
        #expect(world.authenticator.requests.count == 1)
        #expect(world.authenticator.requests.first?.selection == .unnamed)
        #expect(world.authenticator.requests.first?.sources == [])
        #expect(world.authenticator.requests.first?.address == "192.0.2.10")
        _ = try await basic(world, "other")
        _ = try await basic(world, user: "Alice")
        #expect(world.authenticator.requests.count == 3, "another password or spelling is another question")
        let event = try #require(world.audit.events.first)
        #expect(world.audit.events.count == 3)
        #expect(event.kind == .login)
        #expect(event.user == "alice")
        #expect(event.userID == 12)
        #expect(event.session == nil)
        #expect(event.grant == nil, "no token was made")
    }

    private static let throttled = "temporarily_unavailable: Too many attempts"

    @Test("An address that has to wait hears nothing of what is remembered, its own or others'")
    func aWaitingAddress() async throws {
        let throttle = Throttle(
            settings: ThrottleSettings(addressFailures: 1),
            secret: [UInt8](repeating: 3, count: 32),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let world = try await World(throttle: throttle)
        _ = try await basic(world)
        _ = try await basic(world, from: "2001:db8::1")
        await throttle.countFailure(ofAddress: "192.0.2.66")
        await throttle.countFailure(ofAddress: "2001:db8::1")
        for address in ["192.0.2.66", "2001:db8::1", "2001:db8::2"] {
            for password in ["pw", "wrong"] {
                #expect(await world.refusal { try await basic(world, password, from: address) } == Self.throttled)
            }
        }
        #expect(world.authenticator.requests.count == 2, "nobody was asked")
        let told = world.audit.events.filter { $0.kind == .throttle }
        #expect(told.map(\.reason) == ["address-waits", "address-waits"], "one line for each wait")
        #expect(told.first?.user == "alice" && told.first?.requestID == "r1")
        _ = try await basic(world)
        #expect(world.authenticator.requests.count == 2, "alice herself goes on")
    }

    @Test("What was proved from one address is asked for again from another")
    func anotherAddress() async throws {
        let world = try await World()
        for address in ["192.0.2.10", "192.0.2.11", "192.0.2.10", "192.0.2.11"] {
            _ = try await basic(world, from: address)
        }
        #expect(world.authenticator.requests.map(\.address) == ["192.0.2.10", "192.0.2.11"])
    }

    @Test("Behind one address: while the name has to wait, the right password does, too")
    func aWaitingName() async throws {
        let world = try await World()
        _ = try await basic(world)
        world.authenticator.wait = ThrottleWait(.account, remaining: .seconds(30))
        #expect(await world.refusal { try await basic(world) } == Self.throttled)
        #expect(world.audit.events.last?.kind == .throttle)
        #expect(world.audit.events.last?.reason == "account-waits")
        world.authenticator.wait = nil
        _ = try await basic(world)
        #expect(world.authenticator.requests.count == 1)
    }

    @Test("Forty at once are one bind", arguments: [true, false])
    func forty(isRight: Bool) async throws {
        let world = try await World()
        if !isRight { world.authenticator.result = .rejected(Rejection(.wrongPassword, source: SourceID(1))) }
        world.authenticator.isHeld = true
        await withTaskGroup(of: String?.self) { group in
            for _ in 0..<40 { group.addTask { await world.refusal { try await basic(world) } } }
            try? await Task.sleep(for: .milliseconds(50))
            world.authenticator.isHeld = false
            for await refusal in group { #expect((refusal == nil) == isRight) }
        }
        // Who came later than the answer to a wrong password has asked again, if anybody did.
        #expect(world.authenticator.requests.count == 1 || !isRight)
        #expect(world.authenticator.requests.count < 40)
    }

    @Test func whoGivesUpDoesNotTakeTheOthersWithHim() async throws {
        let world = try await World()
        world.authenticator.isHeld = true
        let first = Task { try await basic(world) }
        while world.authenticator.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        let second = Task { try await basic(world) }
        first.cancel()
        world.authenticator.isHeld = false
        #expect(try await second.value.username == "alice")
        #expect(world.authenticator.requests.count == 1)
    }

    @Test(
        arguments: [
            (.rejected(Rejection(.wrongPassword)), "unauthorized"),
            (.rejected(Rejection(.unknownUser)), "unauthorized"),
            (.rejected(Rejection(.passwordExpired, passwordProved: true)), "unauthorized"),
            (.unavailable(Outage(sources: [SourceID(1)], detail: "down")), "temporarily_unavailable"),
        ] as [(AuthenticationResult, String)]
    )
    func refusedPasswords(result: AuthenticationResult, code: String) async throws {
        let world = try await World()
        world.authenticator.result = result
        for _ in 0..<2 {
            #expect(await world.refusal { try await basic(world) }?.hasPrefix(code) == true)
        }
        #expect(world.authenticator.requests.count == 2, "a refusal is not remembered here")
        #expect(world.audit.events.map(\.kind) == [.loginRefused, .loginRefused])
    }

    @Test(arguments: [("", "pw"), ("alice", ""), ("", "")]) func emptyOnesAreNotAsked(user: String, password: String)
        async throws
    {
        let world = try await World()
        #expect(await world.refusal { try await basic(world, password, user: user) }?.hasPrefix("unauthorized") == true)
        #expect(world.authenticator.requests.isEmpty)
    }

    @Test func noCredentials() async throws {
        let world = try await World()
        let refusal = await world.refusal {
            try await world.service.verify(ForwardAuthRequest(credentials: .none), context: World.caller)
        }
        #expect(refusal?.hasPrefix("unauthorized") == true)
    }

    @Test("What ends a session, or might change a password, ends what was proved", arguments: 0..<6)
    func forgetting(what: Int) async throws {
        var alice = World.alice
        if what == 5 { alice.key = IdentityKey(source: .local, stableID: "6f9619ff-8b86-d011-b42d-00c04fc964ff") }
        let world = try await World(identity: alice)
        let token = try await world.logIn()
        _ = try await basic(world)
        let asked = world.authenticator.requests.count
        _ = try await basic(world)
        #expect(world.authenticator.requests.count == asked)
        switch what {
        case 0: try await world.service.logout(token.accessToken, context: World.caller)
        case 1:
            try await world.service.revoke(
                TokenQuery(token: token.refreshToken, client: World.web),
                context: World.caller
            )
        case 2: _ = try await world.store.end(.identity(alice.key), now: world.clock.now())
        case 3: await world.store.setNotBefore(.everyone, seconds: 5)
        case 4: await world.store.setNotBefore(.identity(alice.key), seconds: 5)
        default: await world.store.changeAccount(alice.key)
        }
        await world.feed.poll()
        _ = try await basic(world)
        #expect(world.authenticator.requests.count == asked + 1)
    }

    @Test func othersStayRemembered() async throws {
        let world = try await World()
        let bob = IdentityKey(source: SourceID(1), stableID: "bob")
        // What the feed reads first is the store's beginning, which says nothing of people.
        await world.store.changeAccount(bob)
        await world.feed.poll()
        _ = try await basic(world)
        await world.store.setNotBefore(.identity(bob), seconds: 5)
        await world.store.changeAccount(bob)
        await world.feed.poll()
        _ = try await basic(world)
        #expect(world.authenticator.requests.count == 1)
    }

    @Test func anAnswerAskedForBeforeAnEndIsNotRememberedAfterIt() async throws {
        let world = try await World()
        world.authenticator.isHeld = true
        let first = Task { try await basic(world) }
        while world.authenticator.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        world.revocations.proved.forget(World.alice.key)
        // Who comes after the end does not take an answer that was asked for before it.
        let second = Task { try await basic(world) }
        try await Task.sleep(for: .milliseconds(20))
        world.authenticator.isHeld = false
        _ = try await first.value
        _ = try await second.value
        #expect(world.authenticator.requests.count == 2)
        _ = try await basic(world)
        #expect(world.authenticator.requests.count == 2)
    }

    @Test("The end of somebody else's session is no reason to ask again")
    func othersEndings() async throws {
        let world = try await World()
        let bob = IdentityKey(source: SourceID(1), stableID: "bob")
        world.authenticator.isHeld = true
        let first = Task { try await basic(world) }
        while world.authenticator.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        world.revocations.proved.forget(bob)
        let second = Task { try await basic(world) }
        try await Task.sleep(for: .milliseconds(20))
        world.revocations.proved.forget(bob)
        world.authenticator.isHeld = false
        _ = try await first.value
        _ = try await second.value
        _ = try await basic(world)
        #expect(world.authenticator.requests.count == 1)
    }

    @Test func whoIsForgotten() {
        func key(_ number: Int) -> IdentityKey { IdentityKey(source: SourceID(1), stableID: "\(number)") }
        var people = ForgottenPeople(half: 4)
        people.note(key(0))
        let before = people.epoch
        #expect(!people.isForgotten(key(0), since: before))
        #expect(people.isForgotten(key(0), since: before - 1))
        #expect(!people.isForgotten(key(1), since: 0))
        for number in 1...8 { people.note(key(number)) }
        let later = people.epoch
        #expect(people.isForgotten(key(8), since: before))
        #expect(!people.isForgotten(key(8), since: later))
        #expect(people.isForgotten(key(0), since: 0), "noted too long ago to be told apart")
        for number in 9...30 { people.note(key(number)) }
        #expect(people.isForgotten(key(99), since: later), "more than can be told apart have been noted since")
        people.noteEverybody()
        #expect(people.isForgotten(key(99), since: people.epoch - 1))
        #expect(!people.isForgotten(key(99), since: people.epoch))
    }

    @Test func aReloadAsksAgain() async throws {
        let world = try await World()
        _ = try await basic(world)
        let reloaded = world.reloaded(clients: World.clients)
        _ = try await reloaded.verify(
            ForwardAuthRequest(credentials: .basic(username: "alice", password: Password("pw"))),
            context: World.caller
        )
        #expect(world.authenticator.requests.count == 2)
    }

    @Test func aProofEndsAfterHalfAMinute() async throws {
        let world = try await World()
        _ = try await basic(world)
        let proved = world.revocations.proved
        let key = proved.key("x", Password("y"), from: "192.0.2.10", salt: [])
        let person = ProvedPerson(identity: World.alice, userID: 12)
        _ = await proved.person(for: key) { .success(person) }
        let soon = await proved.person(for: key, now: .now + .seconds(20)) { .failure(Refusal(.unauthorized)) }
        #expect((try? soon.get()) != nil)
        let late = await proved.person(for: key, now: .now + .seconds(31)) { .failure(Refusal(.unauthorized)) }
        #expect((try? late.get()) == nil)
    }
}
