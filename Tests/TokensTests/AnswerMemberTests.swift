import Authentication
import Testing

@testable import Tokens

/// `ip`, `is_editor`, `redirect_url`, `not_before_policy` and `session_state` are true in every grant.
@Suite struct AnswerMemberTests {
    private func answer(_ world: World, grant: Grant, context: RequestContext) async throws -> AccessTokenResponse {
        switch grant {
        case .password: return try await world.service.token(world.passwordRequest(), context: context)
        case .refreshToken:
            let first = try await world.logIn()
            return try await world.service.token(
                TokenRequest(client: World.web, grantType: "refresh_token", refreshToken: first.refreshToken),
                context: context
            )
        case .clientCredentials:
            return try await world.service.token(
                TokenRequest(client: World.web, grantType: "client_credentials"),
                context: context
            )
        }
    }

    @Test(arguments: Grant.allCases)
    func members(grant: Grant) async throws {
        let world = try await World()
        let isPersons = grant != .clientCredentials
        await world.store.setNotBefore(.everyone, seconds: 1_780_000_000)
        await world.store.setNotBefore(.client("web"), seconds: 1_780_000_005)
        await world.store.setNotBefore(.client("open"), seconds: 1_780_000_500)
        await world.store.setNotBefore(.identity(World.alice.key), seconds: 1_780_000_009)
        await world.feed.poll()
        let there = RequestContext(address: "2001:db8::7")
        let answer = try await answer(world, grant: grant, context: there)
        #expect(answer.ip == "2001:db8::7", "of this request, not of the login")
        #expect(answer.redirectURL == "https://app.example/")
        #expect(answer.isEditor == isPersons)
        #expect(answer.notBeforePolicy == (isPersons ? 1_780_000_009 : 1_780_000_005))
        let session = try world.service.verifier.verify(answer.accessToken).person?.session.text
        #expect(answer.sessionState == session)
        #expect((answer.sessionState != nil) == isPersons)
        let local = RequestContext(address: "unix", hasAddress: false)
        #expect(try await self.answer(world, grant: grant, context: local).ip == nil)
    }

    @Test func anEditorNoMoreIsOneNoMoreAfterTheRefresh() async throws {
        let world = try await World()
        let first = try await world.logIn()
        #expect(first.isEditor)
        var alice = World.alice
        alice.groups = ["staff"]
        world.authenticator.recheckResult = .current(alice)
        #expect(try await !world.refresh(first.refreshToken).isEditor)
    }

    @Test(
        arguments: [
            (["editors"], [], true), (["corp:editors"], [], true), (["partner:editors"], [], false),
            (["editors"], [.local, SourceID(1)], false), (["corp:editors"], [.local, SourceID(1)], true),
            ([], [], false),
        ] as [([String], [SourceID], Bool)]
    )
    func whoIsAnEditor(names: [String], sources: [SourceID], isEditor: Bool) async throws {
        var clients = World.clients
        clients[0] = clients[0].with(sources: sources, redirectURL: .some(nil), editorGroups: names)
        let answer = try await World(clients: clients).logIn()
        #expect(answer.isEditor == isEditor)
        #expect(answer.redirectURL == nil)
        #expect(answer.notBeforePolicy == 0)
    }
}
