import Authentication
import Testing

@testable import Tokens

@Suite struct UserInfoTests {
    @Test func namesAndAllGroups() async throws {
        var clients = World.clients
        clients[0] = clients[0].with(groupFilter: "staff", maxGroups: 1)
        var alice = World.alice
        alice.displayName = "Alice Ångström"
        alice.email = "alice@corp.example"
        let world = try await World(clients: clients, identity: alice)
        let answer = try await world.logIn()
        #expect(try world.service.verifier.verify(answer.accessToken).person?.groups == ["staff"])
        #expect(
            try await world.service.userInfo(answer.accessToken)
                == UserInfo(
                    subject: alice.key.subject,
                    username: "alice",
                    firstName: "Alice",
                    lastName: "Ångström",
                    displayName: "Alice Ångström",
                    email: "alice@corp.example",
                    groups: ["editors", "staff"],
                    userID: 12
                )
        )
    }

    @Test func refusals() async throws {
        let world = try await World()
        let denied = "invalid_token: Authorization has been denied for this request."
        #expect(await world.refusal { try await world.service.userInfo("x") } == denied)
        let answer = try await world.logIn()
        // Ended by another node, and this one has not heard of it yet: the row knows.
        _ = try await world.store.end(.identity(World.alice.key), now: world.clock.now())
        #expect(await world.refusal { try await world.service.userInfo(answer.accessToken) } == denied)
        let machine = try await world.service.token(
            TokenRequest(client: World.web, grantType: "client_credentials"),
            context: World.caller
        )
        #expect(
            await world.refusal { try await world.service.userInfo(machine.accessToken) }
                == "insufficient_scope: The token is a client's own and belongs to no person and no session"
        )
    }
}
