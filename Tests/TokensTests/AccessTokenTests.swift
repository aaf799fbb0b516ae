import Authentication
import Crypto
import FoundationEssentials
import JWTKit
import Testing

@testable import Tokens

@Suite struct AccessTokenTests {
    @Test("The payload of a person's token, byte for byte")
    func goldenPerson() throws {
        let session = try #require(UUID(uuidString: "0B0C7A3E-6A3F-4A5C-9A51-0D2F0E6F7B11"))
        let claims = AccessTokenClaims(
            issuer: "https://id.example",
            subject: "1:abc",
            audience: ["https://api.example"],
            expiresAt: 1_790_000_300,
            issuedAt: 1_790_000_000,
            id: "j1",
            clientID: "web",
            scope: "read write",
            person: .init(
                session: session,
                authenticatedAt: 1_789_999_000,
                username: #"al"ice\ü"# + "\u{1}",
                groups: ["a", "b"],
                hasMoreGroups: true,
                userID: 12
            )
        )
        let expected =
            #"{"iss":"https://id.example","sub":"1:abc","aud":"https://api.example","exp":1790000300,"iat":1790000000,"#
            + #""jti":"j1","client_id":"web","scope":"read write","sid":"0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11","#
            + #""auth_time":1789999000,"preferred_username":"al\"ice\\ü\u0001","groups":["a","b"],"#
            + #""groups_overage":true,"userId":12}"#
        #expect(String(decoding: claims.encoded(), as: UTF8.self) == expected)
        #expect(AccessTokenClaims(decoding: claims.encoded()) == claims)
    }

    @Test("A client's own token says nothing of a person; several audiences are an array")
    func goldenClient() {
        let claims = AccessTokenClaims(
            issuer: "i",
            subject: "web",
            audience: ["a", "b"],
            expiresAt: 2,
            issuedAt: 1,
            id: "j",
            clientID: "web",
            scope: "",
            person: nil
        )
        let expected =
            #"{"iss":"i","sub":"web","aud":["a","b"],"exp":2,"iat":1,"jti":"j","client_id":"web","scope":""}"#
        #expect(String(decoding: claims.encoded(), as: UTF8.self) == expected)
        #expect(AccessTokenClaims(decoding: claims.encoded()) == claims)
    }

    @Test("Our own verifier takes each algorithm's tokens", arguments: SigningAlgorithm.allCases)
    func roundTrip(algorithm: SigningAlgorithm) async throws {
        let world = try await World(settings: TokenSettings(algorithm: algorithm, firstSource: SourceID(1)))
        let answer = try await world.logIn(scope: "write")
        let claims = try world.service.verifier.verify(answer.accessToken)
        #expect(claims.subject == World.alice.key.subject)
        #expect(claims.audience == ["http://127.0.0.1:8480"])
        #expect(claims.clientID == "web")
        #expect(claims.scope == "write")
        #expect(claims.issuedAt == 1_790_000_000)
        #expect(claims.expiresAt == 1_790_000_300)
        #expect(claims.person?.authenticatedAt == 1_790_000_000)
        #expect(claims.person?.username == "alice")
        #expect(claims.person?.groups == ["editors", "staff"])
        #expect(claims.person?.userID == 12)
        #expect(claims.person?.session.uuidString.lowercased() == answer.sessionState)
        let header = try #require(Base64URL.decode(answer.accessToken.prefix { $0 != "." }.utf8))
        let kid = try #require(await world.store.keys().first { $0.use == .sign && $0.phase == .current }).id
        #expect(
            String(decoding: header, as: UTF8.self)
                == #"{"alg":"\#(algorithm.rawValue)","typ":"at+jwt","kid":"\#(kid)"}"#
        )
    }

    @Test("JWTKit, which shares no code with us, takes them through our JWKS", arguments: SigningAlgorithm.allCases)
    func jwtKit(algorithm: SigningAlgorithm) async throws {
        let world = try await World(settings: TokenSettings(algorithm: algorithm))
        let answer = try await world.logIn()
        let keys = JWTKeyCollection()
        try await keys.add(jwksJSON: String(decoding: world.service.keySet(), as: UTF8.self))
        let payload = try await keys.verify(answer.accessToken, as: Payload.self)
        #expect(payload.sub.value == World.alice.key.subject)
        #expect(payload.userId == 12)
    }

    private struct Payload: JWTPayload {
        var sub: SubjectClaim
        var userId: Int
        func verify(using algorithm: some JWTAlgorithm) async throws {}
    }

    @Test("RFC 8037 appendix A: key, JWK and thumbprint")
    func thumbprintOfEdDSA() throws {
        let secret = try #require(Base64URL.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A".utf8))
        let key = try SigningKey(.eddsa, representation: secret)
        #expect(key.id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect(
            String(decoding: key.publicKey.jwk, as: UTF8.self)
                == #"{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"sig","#
                + #""alg":"EdDSA","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}"#
        )
    }

    @Test("An access token never outlives its session", arguments: [(35_900, 100), (35_000, 300)])
    func hardEnd(after: Int, expiresIn: Int32) async throws {
        let world = try await World(
            settings: TokenSettings(refreshIdle: .seconds(36_000), firstSource: SourceID(1))
        )
        let first = try await world.logIn()
        world.clock.advance(.seconds(after))
        let second = try await world.refresh(first.refreshToken)
        #expect(second.expiresIn == expiresIn)
        #expect(second.refreshExpiresIn == Int32(36_000 - after))
    }
}
