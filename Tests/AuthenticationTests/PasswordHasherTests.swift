import Testing

@testable import Authentication

@Suite struct PasswordHasherTests {
    let pool = TestPool()

    func hasher(_ memory: Int = 64 * 1024, _ iterations: Int = 1, pool: TestPool? = nil) throws -> PasswordHasher {
        let parameters = try Argon2Parameters(memory: memory, iterations: iterations)
        return try PasswordHasher(parameters: parameters, pool: pool ?? self.pool)
    }

    @Test(arguments: ["geheim", "", " ", "pä\u{0}ss\u{FFFD}", String(repeating: "x", count: 4096)])
    func whatWasHashedIsVerified(_ text: String) async throws {
        let hasher = try hasher()
        let phc = try await hasher.hash(Password(text))
        #expect(try await hasher.verify(Password(text), against: phc))
        #expect(try await !hasher.verify(Password(text + "x"), against: phc))
        #expect(try await hasher.hash(Password(text)) != phc, "the salt is fresh each time")
    }

    @Test func passwordsAreOctetsAndNeverNormalised() async throws {
        let hasher = try hasher()
        let octets: [UInt8] = [0xFF, 0x00, 0xFE, 0xC3]
        let phc = try await hasher.hash(Password(octets))
        #expect(try await hasher.verify(Password(octets), against: phc))
        let composed = try await hasher.hash(Password("\u{E9}"))
        #expect(try await !hasher.verify(Password("e\u{301}"), against: composed))
    }

    // Made by crypto_pwhash_str_alg(3) of libsodium 1.0.18.
    @Test(arguments: [
        (
            "$argon2id$v=19$m=64,t=2,p=1$bkL+B6g6NjK8PThixluiNA$wkjgwYu8BchonoeEtc/i0DsCVR8bUci/gpd8VGH1tDg",
            "correct horse"
        ),
        ("$argon2id$v=19$m=8,t=1,p=1$hXKXgEyEwlTwLNgQ/4H2Ow$HPXRodkZyJU21B8RZUG3tU8S7Eh9oiZ4j0lUPlqm0fY", ""),
    ])
    func hashesOfLibsodiumAreVerified(_ phc: String, _ password: String) async throws {
        let hasher = try hasher()
        #expect(try await hasher.verify(Password(password), against: phc))
        #expect(try await !hasher.verify(Password(password + "r"), against: phc))
        #expect(PasswordHasher.isHash(phc))
        #expect(PHCString(phc)?.text == phc, "ours are written in the same form")
    }

    @Test(arguments: [
        "",
        "geheim",
        "$2y$10$abcdefghijklmnopqrstuv",
        "$argon2i$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=16$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=0,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=4294967295,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=99999999999999999999,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=1000000,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=-64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$",
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$!!!!",
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA$x",
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA",
    ])
    func otherTextsAreNoHashesAndCostOneAllTheSame(_ text: String) async throws {
        let pool = TestPool()
        let hasher = try hasher(pool: pool)
        #expect(try await !hasher.verify(Password("geheim"), against: text))
        #expect(!PasswordHasher.isHash(text))
        #expect(hasher.needsRehash(text))
        #expect(pool.finished == 1)
    }

    @Test func aHashOfOtherParametersIsRenewed() async throws {
        let old = try hasher()
        let phc = try await old.hash(Password("geheim"))
        #expect(!old.needsRehash(phc))
        #expect(try hasher(128 * 1024, 1).needsRehash(phc))
        #expect(try hasher(64 * 1024, 2).needsRehash(phc))
        #expect(try await hasher(128 * 1024, 3).verify(Password("geheim"), against: phc))
    }

    @Test func aFullPoolIsSaidAtOnce() async throws {
        let hasher = try hasher(pool: TestPool(limit: 0))
        await #expect(throws: WorkPoolFull.self) { try await hasher.hash(Password("geheim")) }
        await #expect(throws: WorkPoolFull.self) { try await hasher.verify(Password("geheim"), against: "") }
        await #expect(throws: WorkPoolFull.self) { try await hasher.verifyNothing(Password("geheim")) }
    }

    @Test(arguments: [(0, 2), (8191, 2), (1 << 31, 2), (19 << 20, 0), (19 << 20, 101), (-1, -1)])
    func parametersOutOfRangeAreRefused(_ memory: Int, _ iterations: Int) {
        #expect(throws: ArgonParameterError.self) { try Argon2Parameters(memory: memory, iterations: iterations) }
    }

    @Test func passwordsHideThemselves() {
        let password = Password("geheim")
        #expect("\(password)" == "Password(hidden)")
        #expect(String(reflecting: password) == "Password(hidden)")
        var dumped = ""
        dump(password, to: &dumped)
        #expect(!dumped.contains("geheim") && !dumped.contains("storage"))
        #expect(password.count == 6)
    }
}
