import Authentication
import Dispatch
import Foundation
import Testing

@testable import Tokens

/// joserfc, a Python library, reads our JWKS and our tokens. JWTKit does the same in `AccessTokenTests` everywhere; this
/// one runs where `python3 -m pip install joserfc` was.
@Suite struct JoseTests {
    private static let script = """
        import json, sys
        from joserfc import jwt, jwk
        from joserfc.jwk import KeySet
        data = json.load(sys.stdin)
        keys = KeySet.import_key_set(data["jwks"])
        token = jwt.decode(data["token"], keys, algorithms=["ES256", "RS256", "EdDSA"])
        kid = [k for k in data["jwks"]["keys"] if k["kid"] == token.header["kid"]][0]["kid"]
        assert jwk.import_key([k for k in data["jwks"]["keys"] if k["kid"] == kid][0]).thumbprint() == kid
        registry = jwt.JWTClaimsRegistry(now=data["now"], iss={"essential": True}, sub={"essential": True})
        registry.validate(token.claims)
        assert token.header["typ"] == "at+jwt"
        print(token.claims["sub"], token.claims["userId"], len(data["jwks"]["keys"]))
        """

    /// PyJWT, with what a resource server must look at (RFC 9068 §4): the issuer, and that it is itself the audience.
    private static let pyjwt = """
        import json, sys
        import jwt
        data = json.load(sys.stdin)
        keys = jwt.PyJWKSet.from_dict(data["jwks"])
        token = data["token"]
        key = keys[jwt.get_unverified_header(token)["kid"]]
        assert key.public_key_use == "sig"
        def decode(audience, issuer=data["issuer"]):
            options = {"verify_exp": False, "require": ["exp", "iat", "iss", "aud", "sub", "jti", "client_id"]}
            return jwt.decode(
                token, key, algorithms=[key.algorithm_name], audience=audience, issuer=issuer, options=options)
        for audience in data["audiences"]:
            claims = decode(audience)
        shape = type(claims["aud"]).__name__
        def refused(error, *arguments):
            try:
                decode(*arguments)
            except error:
                return True
        assert refused(jwt.InvalidAudienceError, "https://elsewhere.example")
        assert refused(jwt.InvalidAudienceError, None)
        assert refused(jwt.InvalidIssuerError, data["audiences"][0], "https://elsewhere.example")
        print(claims["sub"], shape)
        """

    private static func python(_ arguments: [String], input: String) throws -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3"] + arguments
        let standardInput = Pipe()
        let standardOutput = Pipe()
        process.standardInput = standardInput
        process.standardOutput = standardOutput
        process.standardError = FileHandle.standardError
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        let output = try standardOutput.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return String(decoding: output, as: UTF8.self)
    }

    private static func isInstalled(_ module: String) -> Bool {
        let answer = try? python(
            ["-c", "import importlib.util as u; print(u.find_spec('\(module)') is not None)"],
            input: ""
        )
        return answer?.hasPrefix("True") ?? false
    }

    private static let hasJoserfc = isInstalled("joserfc")
    private static let hasPyJWT = isInstalled("jwt")

    /// On a thread of its own: it blocks.
    private static func output(_ script: String, _ input: String) async throws -> String? {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try python(["-c", script], input: input) })
            }
        }
    }

    @Test(
        "PyJWT: audience as a text and as a list, and nobody else's",
        .enabled(if: hasPyJWT),
        arguments: SigningAlgorithm.allCases
    )
    func audiences(algorithm: SigningAlgorithm) async throws {
        let world = try await World(settings: TokenSettings(algorithm: algorithm))
        let document = String(decoding: world.service.keySet(), as: UTF8.self)
        let issuer = TokenSettings().issuer
        let rows = [
            (try await world.logIn().accessToken, #"["\#(issuer)"]"#, "str"),
            (try await world.login().accessToken, #"["https://a.example","https://b.example"]"#, "list"),
        ]
        for (token, audiences, shape) in rows {
            let input = #"{"jwks":\#(document),"token":"\#(token)","issuer":"\#(issuer)","audiences":\#(audiences)}"#
            #expect(try await Self.output(Self.pyjwt, input) == "\(World.alice.key.subject) \(shape)\n")
        }
    }

    @Test(.enabled(if: hasJoserfc), arguments: SigningAlgorithm.allCases)
    func verifies(algorithm: SigningAlgorithm) async throws {
        let world = try await World(settings: TokenSettings(algorithm: algorithm))
        let answer = try await world.logIn()
        let document = String(decoding: world.service.keySet(), as: UTF8.self)
        let input = #"{"jwks":\#(document),"token":"\#(answer.accessToken)","now":1790000000}"#
        #expect(try await Self.output(Self.script, input) == "\(World.alice.key.subject) 12 2\n")
    }
}
