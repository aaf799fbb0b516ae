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

    private static let isInstalled: Bool = {
        let answer = try? python(
            ["-c", "import importlib.util as u; print(u.find_spec('joserfc') is not None)"],
            input: ""
        )
        return answer?.hasPrefix("True") ?? false
    }()

    @Test(.enabled(if: isInstalled), arguments: SigningAlgorithm.allCases)
    func verifies(algorithm: SigningAlgorithm) async throws {
        let world = try await World(settings: TokenSettings(algorithm: algorithm))
        let answer = try await world.logIn()
        let document = String(decoding: world.service.keySet(), as: UTF8.self)
        let input = #"{"jwks":\#(document),"token":"\#(answer.accessToken)","now":1790000000}"#
        // On a thread of its own: it blocks.
        let output = try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(with: Result { try Self.python(["-c", Self.script], input: input) })
            }
        }
        #expect(output == "\(World.alice.key.subject) 12 2\n")
    }
}
