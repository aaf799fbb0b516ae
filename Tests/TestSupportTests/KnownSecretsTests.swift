import TestSupport
import Testing

/// The search for secrets finds what is planted: otherwise no log would ever be guilty.
@Suite struct KnownSecretsTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory("ldapauthd-secrets") }

    private func leaks(_ secrets: KnownSecrets, in log: String) async throws -> [String] {
        let file = try folder.write("before\n\(log)\nafter\n", to: "log")
        let found = try await secrets.leaks(inFile: file)
        #expect(try secrets.leaksBlocking(inFile: file) == found)
        return found
    }

    @Test(arguments: [
        "user=x password=Geheim %1\"+2", "GET /token?password=Geheim%20%251%22%2B2", "body=Geheim+%251%22%2B2&x",
        "basic R2VoZWltICUxIisy", "field=\"Geheim %1\\\"+2\"",
    ])
    func aPlantedSecretIsFoundInEachOfItsForms(_ line: String) async throws {
        let secrets = KnownSecrets()
        secrets.add("Geheim %1\"+2")
        #expect(try await leaks(secrets, in: line).map { $0.hasSuffix(": \(line)") } == [true])
        #expect(try await leaks(secrets, in: "login user=x reason=wrong-password").isEmpty)
    }

    @Test func octetsThatAreNoTextAreFound() async throws {
        let secrets = KnownSecrets()
        secrets.add([0x67, 0xFF, 0x68, 0x65, 0x69, 0x6D, 0x6E, 0x69])
        #expect(try await leaks(secrets, in: "x g%FFheimni y").count == 1)
    }

    @Test func aTokenIsFoundByItsEnd() async throws {
        let secrets = KnownSecrets()
        let signature = String(repeating: "c-_Z9", count: 9)
        secrets.add(token: "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.\(signature)")
        #expect(try await leaks(secrets, in: "token ….\(signature)").count == 1)
        #expect(try await leaks(secrets, in: "eyJhbGciOiJFUzI1NiJ9").isEmpty)
    }

    @Test(arguments: [
        (["-u", "web:web-secret", "http://x"], "web-secret"), (["-u", "web:web-secret"], "d2ViOndlYi1zZWNyZXQ="),
        (["-d", "grant_type=password&Password=a%2Bbcdefgh"], "a+bcdefgh"),
        (["--data-urlencode", "new_password=a+b=cdef"], "a+b=cdef"),
        (["-H", "Authorization: Basic bGlzYTpsaXNhcy1wdw=="], "lisas-pw"),
        (["-H", "authorization: Bearer abc.def.ghi"], "def.ghi"),
        (["-H", "Authorization: Negotiate YIIabcdefgh"], "YIIabcdefgh"),
        (["--data-binary", #"{"Password" : "a\"bcdef"}"#], #"a\"bcdef"#),
        (["-d", "<r><Password>abcdefg1</Password></r>"], "abcdefg1"),
    ])
    func whatCurlSendsIsKnown(_ arguments: [String], _ secret: String) async throws {
        let secrets = KnownSecrets()
        secrets.note(curl: arguments)
        #expect(try await leaks(secrets, in: "… abc.def.ghi \(secret) …").count == 1)
    }

    @Test func whatIsAnsweredIsKnownAndNamesAreNot() async throws {
        let secrets = KnownSecrets()
        secrets.note(text: #"{"access_token":"eyJ.eyJ.signature-1","userId":1,"firstName":"Terrence"}"#)
        secrets.note(curl: [], body: Array("username=terrence&password=terrence-pw".utf8))
        #expect(try await leaks(secrets, in: "x signature-1").isEmpty)
        #expect(try await leaks(secrets, in: "x eyJ.eyJ.signature-1").count == 1)
        #expect(try await leaks(secrets, in: "user=terrence Terrence").isEmpty)
    }

    @Test func aNameThatIsAPasswordTooIsLogged() async throws {
        let secrets = KnownSecrets()
        secrets.note(curl: ["-d", "username=terry-j&password=terry-j"])
        #expect(try await leaks(secrets, in: "login user=terry-j").isEmpty)
    }

    @Test func whatIsTooShortIsNotLookedFor() async throws {
        let secrets = KnownSecrets()
        secrets.add("wrong")
        #expect(secrets.count == 0)
        #expect(try await leaks(secrets, in: "wrong").isEmpty)
    }
}
