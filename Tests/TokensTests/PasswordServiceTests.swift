import Authentication
import Logging
import Testing

@testable import Tokens

/// What a change of a password comes to: sessions, answers, audit lines.
@Suite struct PasswordServiceTests {
    private func service(
        _ world: World,
        retries: [Duration] = Array(repeating: .milliseconds(20), count: 500)
    ) -> PasswordService {
        PasswordService(
            world.service,
            feed: world.feed,
            audit: world.audit,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            retries: retries
        )
    }

    private func named(_ name: String? = "alice", directory: Int32 = 0) -> PasswordRequest {
        PasswordRequest(username: name, password: Password("pw"), newPassword: Password("new"), directory: directory)
    }

    @Test func everySessionOfThePersonEnds() async throws {
        let world = try await World()
        let first = try await world.logIn()
        let second = try await world.logIn()
        try await service(world).changePassword(named(directory: 1), context: World.caller)
        for session in [first, second] {
            #expect(throws: AccessTokenError.self, "at once") { try world.service.verifier.verify(session.accessToken) }
            #expect(
                await world.refusal { try await world.refresh(session.refreshToken) }
                    == "invalid_grant: Session not active"
            )
        }
        let event = try #require(world.audit.events.last { $0.kind == .password })
        #expect(event.user == "alice" && event.source == "corp" && event.reason == nil && event.address == "192.0.2.10")
        #expect(world.authenticator.changes.last?.account == .named("alice", .directory(SourceID(1))))
    }

    @Test func theOwnSessionGoesOn() async throws {
        let world = try await World()
        let other = try await world.logIn()
        let own = try await world.logIn()
        var changed = World.alice
        changed.credentialState = "20260202"
        world.authenticator.changeResult = .changed(changed)
        var request = named(nil)
        request.bearer = own.accessToken
        try await service(world).changePassword(request, context: World.caller)
        #expect(throws: Never.self) { try world.service.verifier.verify(own.accessToken) }
        #expect(throws: AccessTokenError.self) { try world.service.verifier.verify(other.accessToken) }
        #expect(
            world.authenticator.changes.last?.account
                == .known(World.alice.key, username: "alice", locator: World.alice.locator)
        )
        // The source compares what the session knows of the password with what it is now.
        world.authenticator.recheckResult = .current(changed)
        #expect(try await world.refresh(own.refreshToken).refreshToken != nil)
        let claims = try world.service.verifier.verify(own.accessToken)
        let row = try await world.store.session(try #require(claims.person).session)
        #expect(row?.identity.credentialState == "20260202")
    }

    /// The password is changed at its source by then: neither a 503 nor living sessions may come of it.
    @Test(.timeLimit(.minutes(1))) func aStoreThatFailsAfterTheChangeEndsTheSessionsLater() async throws {
        let world = try await World()
        let session = try await world.logIn()
        await world.store.fail(with: StoreError(.unavailable, "the disk is full"))
        try await service(world).changePassword(named(directory: 1), context: World.caller)
        #expect(throws: Never.self) { try world.service.verifier.verify(session.accessToken) }
        let event = try #require(world.audit.events.last { $0.kind == .password })
        #expect(event.reason == "store" && event.detail?.contains("the disk is full") == true)
        await world.store.fail(with: nil)
        while (try? world.service.verifier.verify(session.accessToken)) != nil {
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test(.timeLimit(.minutes(1))) func whoLogsInWithTheNewPasswordMeanwhileStays() async throws {
        let world = try await World()
        let old = try await world.logIn()
        await world.store.fail(with: StoreError(.unavailable, "the disk is full"))
        try await service(world, retries: [.seconds(3), .seconds(3)])
            .changePassword(named(directory: 1), context: World.caller)
        world.clock.set(world.clock.now() + .seconds(1))
        await world.store.fail(with: nil)
        let new = try await world.logIn()
        while (try? world.service.verifier.verify(old.accessToken)) != nil {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(throws: Never.self) { try world.service.verifier.verify(new.accessToken) }
    }

    /// Names and groups that could not be read after a change are no reason to forget them.
    @Test func whatIsKnownOfTheOwnSessionStays() async throws {
        let world = try await World()
        let own = try await world.logIn()
        var changed = Identity(key: World.alice.key, sourceName: "corp", username: "alice")
        changed.isPartial = true
        changed.credentialState = "20260202"
        world.authenticator.changeResult = .changed(changed)
        var request = named(nil)
        request.bearer = own.accessToken
        try await service(world).changePassword(request, context: World.caller)
        let claims = try world.service.verifier.verify(own.accessToken)
        let person = try #require(claims.person)
        let row = try #require(try await world.store.session(person.session))
        #expect(row.identity.credentialState == "20260202")
        #expect(row.identity.groups == World.alice.groups && row.identity.email == World.alice.email)
        #expect(row.identity.lastName == World.alice.lastName && row.identity.locator == World.alice.locator)
    }

    @Test(arguments: [
        (PasswordRefusal(.tooShort), "invalid_request: The new password is too short"),
        (
            PasswordRefusal(.tooShort, minimumLength: 8),
            "invalid_request: The new password is too short: it needs at least 8 characters"
        ),
        (PasswordRefusal(.inHistory), "invalid_request: The new password was used before: choose another"),
        (
            PasswordRefusal(.tooYoung),
            "invalid_request: The password was changed only a short while ago: it can be changed again later"
        ),
        (PasswordRefusal(.notAllowed), "invalid_request: This password cannot be changed here: ask an administrator"),
        (PasswordRefusal(.unchanged), "invalid_request: The new password is the same as the present one"),
    ])
    func rulesAreExplained(refusal: PasswordRefusal, text: String) async throws {
        let world = try await World()
        let session = try await world.logIn()
        world.authenticator.changeResult = .refused(refusal)
        #expect(await world.refusal { try await service(world).changePassword(named(), context: World.caller) } == text)
        #expect(throws: Never.self, "nothing ended") { try world.service.verifier.verify(session.accessToken) }
        let event = try #require(world.audit.events.last)
        #expect(event.kind == .password && event.reason == refusal.reason.rawValue)
    }

    @Test func everyReasonHasItsSentence() async throws {
        let world = try await World()
        var sentences: Set<String> = []
        for reason in PasswordRefusal.Reason.allCases {
            world.authenticator.changeResult = .refused(PasswordRefusal(reason))
            let text = await world.refusal { try await service(world).changePassword(named(), context: World.caller) }
            sentences.insert(text ?? "")
        }
        #expect(sentences.count == PasswordRefusal.Reason.allCases.count)
        #expect(sentences.allSatisfy { $0.hasPrefix("invalid_request: ") })
    }

    @Test func refusalsOfTheOldPasswordAreThoseOfALogin() async throws {
        let world = try await World()
        let rows: [(PasswordChangeResult, String)] = [
            (.rejected(Rejection(.wrongPassword)), "invalid_grant: Invalid user credentials"),
            (.rejected(Rejection(.unknownUser)), "invalid_grant: Invalid user credentials"),
            (.rejected(Rejection(.locked)), "invalid_grant: Invalid user credentials"),
            (.rejected(Rejection(.disabled, passwordProved: true)), "invalid_grant: Account disabled"),
            (
                .unavailable(Outage(sources: [SourceID(1)], detail: "down")),
                "temporarily_unavailable: The directory is not reachable"
            ),
        ]
        for (answer, text) in rows {
            world.authenticator.changeResult = answer
            #expect(
                await world.refusal { try await service(world).changePassword(named(), context: World.caller) } == text
            )
        }
    }

    @Test func whatIsMissingIsNamed() async throws {
        let world = try await World()
        let service = service(world)
        func refusal(_ request: PasswordRequest) async -> String? {
            await world.refusal { try await service.changePassword(request, context: World.caller) }
        }
        #expect(await refusal(named(nil)) == "invalid_request: Missing parameter: username")
        #expect(await refusal(named("")) == "invalid_request: Missing parameter: username")
        var request = named()
        request.password = nil
        #expect(await refusal(request) == "invalid_request: Missing parameter: password")
        request = named()
        request.newPassword = Password("")
        #expect(await refusal(request) == "invalid_request: Missing parameter: new_password")
        for number in [9, -1] as [Int32] {
            #expect(await refusal(named(directory: number)) == "invalid_request: Unknown LDAP server id")
        }
        request = named()
        request.bearer = "garbage"
        #expect(await refusal(request) == "invalid_token: Authorization has been denied for this request.")
        let client = try await world.service.token(
            TokenRequest(client: World.web, grantType: "client_credentials"),
            context: World.caller
        )
        request.bearer = client.accessToken
        #expect(await refusal(request)?.hasPrefix("insufficient_scope: ") == true)
        #expect(world.authenticator.changes.isEmpty, "nobody was asked")
    }
}
