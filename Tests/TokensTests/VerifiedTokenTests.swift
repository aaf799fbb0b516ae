import Authentication
import Testing

@testable import Tokens

/// A token that was found good before is not checked again, but everything that may have changed is.
@Suite struct VerifiedTokenTests {
    @Test func expiryCountsEachTime() async throws {
        let world = try await World()
        let token = try await world.logIn().accessToken
        #expect(try world.service.verifier.verify(token).clientID == "web")
        world.clock.advance(.seconds(299))
        #expect(try world.service.verifier.verify(token).clientID == "web")
        world.clock.advance(.seconds(2))
        #expect(throws: AccessTokenError.expired) { try world.service.verifier.verify(token) }
    }

    @Test(arguments: [
        NotBeforeScope.everyone, .client("web"), .identity(World.alice.key),
    ])
    func notBeforeCountsEachTime(scope: NotBeforeScope) async throws {
        let world = try await World()
        let token = try await world.logIn().accessToken
        _ = try world.service.verifier.verify(token)
        world.clock.advance(.seconds(1))
        await world.store.setNotBefore(scope, seconds: world.clock.now().seconds)
        await world.feed.poll()
        #expect(throws: AccessTokenError.revoked) { try world.service.verifier.verify(token) }
    }

    @Test func aKeyTakenAwayTakesItsTokensWithIt() async throws {
        let world = try await World()
        let token = try await world.logIn().accessToken
        _ = try world.service.verifier.verify(token)
        try await world.keys.rotate()
        _ = try world.service.verifier.verify(token)
        // Long after the last token of the old key; the clock then goes back, as in a test only.
        world.clock.advance(.seconds(40 * 86_400))
        while try await world.keys.rotateIfDue() {}
        world.clock.set(TestClock.start)
        #expect(throws: AccessTokenError.unknownKey) { try world.service.verifier.verify(token) }
    }

    @Test func aTokenThatDiffersByOneOctetIsAnother() async throws {
        let world = try await World()
        let token = try await world.logIn().accessToken
        _ = try world.service.verifier.verify(token)
        var octets = Array(token.utf8)
        let dot = octets.firstIndex(of: UInt8(ascii: ".")) ?? 0
        octets[dot + 10] = octets[dot + 10] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        #expect(throws: AccessTokenError.badSignature) {
            try world.service.verifier.verify(String(decoding: octets, as: UTF8.self))
        }
        #expect(try world.service.verifier.verify(token).clientID == "web")
    }
}
