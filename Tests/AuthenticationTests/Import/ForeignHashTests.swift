import Testing

@testable import Authentication

/// Hashes other programs made: OpenSSL's `passwd`, libxcrypt, crypt_blowfish's own table, Python's hashlib.
@Suite struct ForeignHashTests {
    static let geheim = [
        "$6$saltsalt$sfZR6YSW/Dp0uCiyF9fDipa6ORr5LVLOwXNgtzRlXXhkC7xA3w4zy97VIC3vL14AUXGJp3yBjZVztkdiBzJnX1",
        "$6$rounds=1000$salt$tRQkyEZ6L3dKQxT9Z.tUcL/KAKHXF6ONK4LYW7X2wVA7ym07OgbcQ42O81npCuzC5Ey7.p.SZ0lIuhJNMxsOL.",
        "$5$saltsalt$cKRA0A5uaKu0/NNi2WMrB.mMOAVMowckrDNQ4fKUJ06",
        "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$iLMagHjBvrahXhlULvb9yW5faxBRfc3sREKM24WCe2C",
        "$y$j75$F5Jx5fExrKuPp53xLKQ..1$lzyKa93cxWzumbNMSXRrkR7mXmh4rsJgKbjgapoNUZ2",
        "$2b$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu",
        "$2y$10$abcdefghijklmnopqrstuu3qWavo/JrKRRVDF/68ERj4rQOXSVCG2",
        "$2a$04$CCCCCCCCCCCCCCCCCCCCC.NEq9F9tqK97BkYIjly3sn0SSnbQm1jq",
        "$1$saltsalt$wTLsTBb/.H7e4VHujepbF0",
        "$apr1$saltsalt$9/tMzdzSc6dIiPlJw6UTa.",
        "{SSHA}o99xfXwLdToZaBbippXqbcP4rSFzYWx0MTIzNA==",
        "{ssha}o99xfXwLdToZaBbippXqbcP4rSFzYWx0MTIzNA==",
        "{SHA}kGByAB793z4R5tK1eC9Hd/4Dhzk=",
        "{CRYPT}$5$saltsalt$cKRA0A5uaKu0/NNi2WMrB.mMOAVMowckrDNQ4fKUJ06",
    ]

    @Test(arguments: geheim)
    func onlyTheRightPasswordFits(_ text: String) async throws {
        let fixture = try LocalFixture()
        let kept = try PasswordHasher.storable(text)
        #expect(try await fixture.hasher.verify(Password("geheim"), against: kept))
        for wrong in ["Geheim", "geheim ", "geheimgeheim", "", "gehei", "geheim\0", "geheim\0x"] {
            #expect(try await !fixture.hasher.verify(Password(wrong), against: kept), "\(wrong)")
        }
        #expect(fixture.hasher.needsRehash(kept))
        #expect(fixture.pool.finished == 8, "each on the pool, once")
    }

    @Test(arguments: [
        ("$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", Array("myPassword".utf8)),
        ("$apr1$xy$43..WIhbfuznGvwoCyUek/", []),
        (
            "$apr1$ab$d5vAYo6FsUeNEyOSMgqSY0",
            Array("a long password of more than sixteen octets, even more".utf8)
        ),
        // Octets that are no UTF-8.
        ("$2y$05$/OK.fbVrR/bpIqNJ5ianF.CE5elHaaO4EbggVDjb8P19RukzXSM3e", [0xFF, 0xFF, 0xA3]),
    ])
    func otherPasswords(_ text: String, _ password: [UInt8]) throws {
        #expect(try ForeignHash(text).verify(Password(password)) == true)
        #expect(try ForeignHash(text).verify(Password(password + [0x21])) == false)
    }

    @Test func whatNoHashCanHoldIsWrongAndNoOutage() throws {
        // crypt(3) takes 512 octets.
        let long = Password(String(repeating: "x", count: 4096))
        for text in Self.geheim { #expect(try ForeignHash(text).verify(long) == false) }
    }

    @Test(arguments: [
        ("geheim", "DES, plain text and the like are no protection; set a password with `ldapauthd user password`"),
        ("", "DES, plain text"), ("rl.3StKT.4T8M", "DES, plain text"),
        ("{CLEARTEXT}geheim", "{CLEARTEXT}, which is not known"),
        ("$7$CU..../....abc$def", "of the method “7”, which is not known here; known are bcrypt"),
        ("$2x$05$abcdefghijklmnopqrstuuVWu8RjbNovPZWAMRdd7iqaaG0mI53Uu", "“2x”"),
        ("$2y$15$abcdefghijklmnopqrstuu3qWavo/JrKRRVDF/68ERj4rQOXSVCG2", "a bcrypt cost of 15"),
        ("$2y$10$abcdefghijklmnopqrstuu3qWavo/JrKRRVDF/68ERj4rQOXSVCG", "is cut off"),
        ("$2y$1$abcdefghijklmnopqrstuu3qWavo/JrKRRVDF/68ERj4rQOXSVCG2", "is cut off"),
        ("$6$saltsalt$kurz", "is cut off"), ("$6$rounds=0$saltsalt$kurz", "is cut off"),
        (
            "$6$rounds=999999999$saltsalt$"
                + "sfZR6YSW/Dp0uCiyF9fDipa6ORr5LVLOwXNgtzRlXXhkC7xA3w4zy97VIC3vL14AUXGJp3yBjZVztkdiBzJnX1",
            "asks for 999999999 rounds, which would keep other logins waiting (the most are 1000000)"
        ),
        ("$5$saltsaltsaltsaltx$cKRA0A5uaKu0/NNi2WMrB.mMOAVMowckrDNQ4fKUJ06", "is cut off"),
        ("$y$jFT$F5Jx5fExrKuPp53xLKQ..1$iLMagHjBvrahXhlULvb9yW5faxBRfc3sREKM24WCe2C", "the most is 256 MiB"),
        ("$y$jzT$F5Jx5fExrKuPp53xLKQ..1$iLMagHjBvrahXhlULvb9yW5faxBRfc3sREKM24WCe2C", "the most is 256 MiB"),
        ("$y$j9TzzzF5Jx5fExrKuPp53xLKQ..1$iLMagHjBvrahXhlULvb9yW5faxBRfc3sREKM24WCe2C", "is cut off"),
        ("$y$k9T$F5Jx5fExrKuPp53xLKQ..1$iLMagHjBvrahXhlULvb9yW5faxBRfc3sREKM24WCe2C", "parameters of yescrypt"),
        ("{SSHA}kGByAB793z4R5tK1eC9Hd/4Dhzk=", "is no {SSHA}"), ("{SSHA}%%%", "is no {SSHA}"),
        ("{SHA}AAAA", "is no {SHA}"),
        ("$6$salt salt$x", "what no hash contains"), ("$6$\n", "what no hash contains"),
        ("$2y$10$ä", "what no hash contains"),
        ("$argon2id$v=19$m=64,t=1,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA", "of the method “argon2id”"),
    ])
    func otherTextsAreRefusedInWordsWithoutTheHash(_ text: String, _ sentence: String) throws {
        let error = #expect(throws: AccountError.self) { try PasswordHasher.storable(text) }
        let description = try #require(error?.description)
        #expect(description.contains(sentence), "\(description)")
        if let tail = text.split(separator: "$").last, tail.count > 8 { #expect(!description.contains(tail)) }
    }

    @Test func theNextGoodLoginMakesItArgon2id() async throws {
        let fixture = try LocalFixture()
        for (index, hash) in Self.geheim.enumerated() {
            var account = LocalAccount(
                name: "p\(index)",
                createdAt: fixture.clock.now(),
                passwordChangedAt: fixture.clock.now()
            )
            account.passwordHash = try PasswordHasher.storable(hash)
            try await fixture.store.insert(account)
            #expect(await fixture.login(account.name, "falsch").rejection?.reason == .wrongPassword)
            #expect(try await fixture.store.account(id: account.id)?.passwordHash == account.passwordHash)
            #expect(await fixture.login(account.name, "geheim").identity != nil, "\(hash)")
            let renewed = try #require(try await fixture.store.account(id: account.id)?.passwordHash)
            #expect(renewed.hasPrefix("$argon2id$"))
            #expect(await fixture.login(account.name, "geheim").identity != nil)
            #expect(await fixture.login(account.name, "falsch").rejection?.reason == .wrongPassword)
        }
    }

    @Test func aRefusalCostsAtLeastWhatAnUnknownNameCosts() async throws {
        // 64 MiB, far dearer than one SHA-1.
        let fixture = try LocalFixture(memory: 64 << 20, iterations: 2)
        var account = LocalAccount(name: "anna", createdAt: fixture.clock.now(), passwordChangedAt: fixture.clock.now())
        account.passwordHash = "{SHA}kGByAB793z4R5tK1eC9Hd/4Dhzk="
        try await fixture.store.insert(account)
        let begun = ContinuousClock.now
        #expect(await fixture.login("anna", "falsch").rejection?.reason == .wrongPassword)
        // One SHA-1 takes microseconds; 64 MiB twice take this on any machine.
        #expect(ContinuousClock.now - begun > .milliseconds(5))
    }
}
