import Authentication
import Crypto
import FoundationEssentials
import Testing

@testable import Tokens

@Suite struct ForgedTokenTests {
    /// Why the verifier refuses; nil when it does not.
    private func reason(_ token: String, _ world: World) -> AccessTokenError? {
        do {
            _ = try world.service.verifier.verify(token)
            return nil
        } catch {
            return error
        }
    }

    private func parts(_ token: String) -> [String] {
        token.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    @Test(
        "Garbage is refused without a word",
        arguments: [
            "", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", " ", "Bearer x", "é.é.é",
            String(repeating: "a", count: 70_000),
        ]
    ) func garbage(token: String) async throws {
        let world = try await World()
        #expect(reason(token, world) != nil)
    }

    @Test(
        "alg none, HS256 over the public key, other headers",
        arguments: [
            #"{"alg":"none","typ":"at+jwt","kid":"KID"}"#,
            #"{"alg":"HS256","typ":"at+jwt","kid":"KID"}"#,
            #"{"alg":"ES256","typ":"JWT","kid":"KID"}"#,
            #"{"alg":"ES256","typ":"at+jwt"}"#,
            #"{"alg":"ES256","typ":"at+jwt","kid":"other"}"#,
            #"{"alg":"ES256","typ":"at+jwt","kid":"KID","crit":["exp"]}"#,
        ]
    ) func headers(template: String) async throws {
        let world = try await World()
        let answer = try await world.logIn()
        let kid = try #require(await world.store.keys().first { $0.use == .sign && $0.phase == .current }).id
        let header = Base64URL.encode(Array(template.replacing("KID", with: kid).utf8))
        let old = parts(answer.accessToken)
        let input = "\(header).\(old[1])"
        let mac = HMAC<SHA256>.authenticationCode(
            for: Array(input.utf8),
            using: SymmetricKey(data: world.service.keySet())
        )
        #expect(reason("\(input).\(Base64URL.encode(Array(mac)))", world) == .unknownKey)
        #expect(reason("\(input).", world) == .unknownKey)
        #expect(reason("\(input).\(old[2])", world) == .unknownKey)
    }

    @Test("Every changed octet of payload or signature is noticed", arguments: SigningAlgorithm.allCases)
    func altered(algorithm: SigningAlgorithm) async throws {
        let world = try await World(settings: TokenSettings(algorithm: algorithm))
        let old = parts(try await world.logIn().accessToken)
        for part in [1, 2] {
            let octets = try #require(Base64URL.decode(old[part].utf8))
            for index in stride(from: 0, to: octets.count, by: 7) {
                var changed = octets
                changed[index] ^= 0x01
                var forged = old
                forged[part] = Base64URL.encode(changed)
                #expect(reason(forged.joined(separator: "."), world) == .badSignature)
            }
        }
        #expect(reason("\(old[0]).\(old[1]).", world) == .badSignature)
        #expect(reason("\(old[0])..\(old[2])", world) == .badSignature)
        #expect(reason(old.joined(separator: ".") + "=", world) == .malformed)
    }

    @Test("Every changed character of the header is noticed", arguments: SigningAlgorithm.allCases)
    func alteredHeader(algorithm: SigningAlgorithm) async throws {
        let world = try await World(settings: TokenSettings(algorithm: algorithm))
        let old = parts(try await world.logIn().accessToken)
        let header = try #require(Base64URL.decode(old[0].utf8))
        for index in header.indices {
            var changed = header
            changed[index] ^= 0x01
            #expect(reason("\(Base64URL.encode(changed)).\(old[1]).\(old[2])", world) == .unknownKey)
        }
        #expect(reason("\(old[0])A.\(old[1]).\(old[2])", world) == .unknownKey)
        #expect(reason(".\(old[1]).\(old[2])", world) == .unknownKey)
    }

    @Test("A key of this store signs for another algorithm's header only what is refused")
    func mixedKeys() async throws {
        let world = try await World()
        let old = try await world.logIn()
        try await world.keys.apply(
            KeyPolicy(settings: TokenSettings(algorithm: .eddsa), clients: World.clients)
        )
        try await world.keys.rotate()
        let new = try await world.logIn()
        #expect(reason(old.accessToken, world) == nil)
        #expect(reason(new.accessToken, world) == nil)
        var mixed = parts(old.accessToken)
        mixed[0] = parts(new.accessToken)[0]
        #expect(reason(mixed.joined(separator: "."), world) == .badSignature)
    }

    @Test("Another store's token of the same issuer")
    func otherKey() async throws {
        let world = try await World()
        let other = try await World()
        #expect(reason(try await other.logIn().accessToken, world) == .unknownKey)
    }

    @Test("Another issuer with the same keys")
    func otherIssuer() async throws {
        let world = try await World()
        let token = try await world.logIn().accessToken
        let verifier = AccessTokenVerifier(
            issuer: "https://other.example",
            keys: world.keys,
            revocations: world.revocations,
            clock: world.clock
        )
        #expect(throws: AccessTokenError.otherIssuer) { try verifier.verify(token) }
    }

    @Test("The clock decides: expired, from the future, and back again")
    func times() async throws {
        let world = try await World()
        let token = try await world.logIn().accessToken
        world.clock.advance(.milliseconds(299_499))
        #expect(reason(token, world) == nil)
        world.clock.advance(.milliseconds(1))
        #expect(reason(token, world) == .expired)
        world.clock.set(TestClock.start - .seconds(50))
        #expect(reason(token, world) == nil)
        world.clock.set(TestClock.start - .seconds(70))
        #expect(reason(token, world) == .fromTheFuture)
    }

    @Test(
        "A not-before for everyone, the client or the person refuses what was issued earlier",
        arguments: [
            (NotBeforeScope.everyone, true), (.client("web"), true), (.client("open"), false),
            (.identity(World.alice.key), true), (.identity(IdentityKey(source: .local, stableID: "x")), false),
        ]
    ) func notBefore(scope: NotBeforeScope, isRefused: Bool) async throws {
        let world = try await World()
        let old = try await world.logIn()
        // `revoke-before now`: the next full second.
        await world.store.setNotBefore(scope, seconds: world.clock.now().seconds + 1)
        await world.feed.poll()
        #expect(reason(old.accessToken, world) == (isRefused ? .revoked : nil))
        #expect(
            await world.refusal { try await world.refresh(old.refreshToken) }
                == (isRefused ? "invalid_grant: Stale token" : nil)
        )
        // Issued within that very second, yet good.
        let new = try await world.logIn()
        #expect(reason(new.accessToken, world) == nil)
        #expect(new.notBeforePolicy == (isRefused ? 1_790_000_001 : 0))
        let next = try await world.refresh(new.refreshToken)
        #expect(reason(next.accessToken, world) == nil)
    }
}
