import FoundationEssentials
import Testing

@testable import Tokens

@Suite struct RefreshTokenTests {
    @Test func roundTrip() throws {
        let key = RefreshKey()
        let session = UUID()
        for generation: Int32 in [0, 1, 77, .max] {
            let text = RefreshToken(session: session, generation: generation).encode(with: key)
            let token = try #require(RefreshToken(text, keys: [key.id: key]))
            #expect(token.session == session)
            #expect(token.generation == generation)
            #expect(RefreshToken(session: session, generation: generation).encode(with: key) == text)
        }
    }

    @Test("No octet may change")
    func altered() throws {
        let key = RefreshKey()
        let text = RefreshToken(session: UUID(), generation: 3).encode(with: key)
        let octets = try #require(Base64URL.decode(text.utf8))
        for index in octets.indices {
            var changed = octets
            changed[index] ^= 0x10
            #expect(RefreshToken(Base64URL.encode(changed), keys: [key.id: key]) == nil)
        }
        #expect(RefreshToken(text, keys: [:]) == nil)
        #expect(RefreshToken(text + "A", keys: [key.id: key]) == nil)
    }

    @Test(
        "Garbage dies before the store is asked",
        arguments: [
            "x", "....", String(repeating: "A", count: 76), String(repeating: "é", count: 38),
            String(repeating: "A", count: 60_000),
        ]
    ) func garbage(token: String) async throws {
        let world = try await World()
        let reads = await world.store.reads
        #expect(await world.refusal { try await world.refresh(token) } == "invalid_grant: Invalid refresh token")
        #expect(await world.store.reads == reads)
    }
}
