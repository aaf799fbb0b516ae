import Authentication
import DirectoryAuth
import TestSupport
import Testing

/// Names of every kind and length, and passwords of any octets, at every server. LDAPAUTHD_TEST_SEED gives a run again.
@Suite(.serialized) struct NamesAndPasswordsTests {
    /// A person with a name, and a password.
    struct Person: Sendable {
        var name: String
        var password: [UInt8]
    }

    private static let letters: [Character] =
        Array(##"abcXYZ019!"#$%&'()*+,-./:;<=>?[\]^_`{|}~@ äöüßÉñçŁ"##) + Array("小林花子김Жωא🦊👩🏽‍🚀é")

    /// Names from one octet to 256, with everything in them that means something somewhere; outer and doubled blanks, which
    /// no directory tells apart, left out, and each name another one whatever is folded.
    static func names(from letters: [Character] = letters, using generator: inout some RandomNumberGenerator)
        -> [String]
    {
        let lengths = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 200, 233, 250, 254, 255, 256, 256]
        return lengths.enumerated().map { index, length in
            let mark = length < 4 ? String("xyz"[String.Index(utf16Offset: index % 3, in: "xyz")]) : "n\(index)"
            var name = mark
            while let letter = letters.randomElement(using: &generator), name.utf8.count < length {
                if letter == " " && name.hasSuffix(" ") { continue }
                let room = length - name.utf8.count
                name.append(contentsOf: letter.utf8.count <= room ? String(letter) : "q")
            }
            return name.hasSuffix(" ") ? name.dropLast() + "z" : name
        }
    }

    static func people(
        without forbidden: Set<UInt8> = [],
        using generator: inout some RandomNumberGenerator
    ) -> [Person] {
        let lengths = [1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 255, 256, 1023, 1024]
        return zip(names(using: &generator), lengths).map { name, length in
            var octets = (0..<length).map { _ in
                var octet = UInt8.random(in: 0...255, using: &generator)
                while forbidden.contains(octet) { octet = UInt8.random(in: 0...255, using: &generator) }
                return octet
            }
            // Stored as it is, “{x}y” is the hash y of a scheme x to these servers (RFC 2307 §5.3), which nobody knows.
            if octets.first == UInt8(ascii: "{") { octets[0] = UInt8(ascii: "(") }
            return Person(name: name, password: octets)
        }
    }

    static func ldif(_ people: [Person], below base: String) -> String {
        people.enumerated().map { index, person in
            """
            dn: cn=person \(index),\(base)
            objectClass: inetOrgPerson
            cn: person \(index)
            sn: x
            \(LDIF.line("uid", Array(person.name.utf8)))
            \(LDIF.line("userPassword", person.password))


            """
        }.joined()
    }

    /// - Parameter readsToNUL: the server takes what stands before the first NUL of a password for the whole of it.
    static func letIn(_ people: [Person], _ live: CorporateDirectory, readsToNUL: Bool = false) async throws {
        var keys: Set<IdentityKey> = []
        for person in people {
            let result = await live.login(person.name, person.password)
            guard case .authenticated(let identity) = result else {
                Issue.record("“\(person.name)” \(person.password): \(result)")
                continue
            }
            #expect(identity.username == person.name)
            #expect(keys.insert(identity.key).inserted)
            // To a server that reads to the first NUL the latter are empty.
            let wrongs = [
                person.password + [0x78], person.password.reversed() + [0x21], [0], [0, 0], [0] + person.password,
            ]
            for wrong in wrongs {
                #expect(Told(await live.login(person.name, wrong)) == .hidden(.wrongPassword), "“\(person.name)”")
                // Three in a row would lock the account.
                #expect(Told(await live.login(person.name, person.password)) == .letIn())
            }
            let continued = Told(await live.login(person.name, person.password + [0, 0x78]))
            #expect(continued == (readsToNUL ? .letIn() : .hidden(.wrongPassword)), "“\(person.name)”")
            #expect(Refreshed(await live.recheck(identity)) == .goesOn)
        }
        let tooLong = String(repeating: "x", count: 257)
        for name in [tooLong, "nul\0", "", "   "] {
            #expect(Told(await live.login(name, "x")) == .hidden(.unknownUser), "“\(name)”")
        }
    }

    @Test func atOpenLDAP() async throws {
        var generator = SeededGenerator()
        print("names and passwords: LDAPAUTHD_TEST_SEED=\(generator.seed)")
        let people = Self.people(without: [0], using: &generator)
        var options = Slapd.Options()
        options.extraLDIF = Self.ldif(people, below: "ou=people,dc=example,dc=org")
        let slapd = try await Slapd.start(options)
        let live = try CorporateDirectory(slapd)
        try await Self.letIn(people, live)
        await live.directory.shutdown()
        await slapd.stop()
    }

    @Test func at389DirectoryServer() async throws {
        var generator = SeededGenerator()
        print("names and passwords: LDAPAUTHD_TEST_SEED=\(generator.seed)")
        let people = Self.people(without: [0], using: &generator)
        let server = try await DirectoryServer389StateTests.server.value
        try await server.modify(Self.ldif(people, below: "ou=people,dc=example,dc=org"))
        let live = try CorporateDirectory(server)
        try await Self.letIn(people, live, readsToNUL: true)
        await live.directory.shutdown()
    }

    /// Account names have twenty characters at most and few of the special ones; principal names may have all but those
    /// that part a Kerberos name; passwords are text.
    @Test func atActiveDirectory() async throws {
        var generator = SeededGenerator()
        print("names and passwords: LDAPAUTHD_TEST_SEED=\(generator.seed)")
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba)
        let lengths = [1, 2, 3, 5, 8, 13, 21, 34, 55, 64, 80, 96, 100, 110, 120, 125, 126, 127]
        let letters = Self.letters.filter { !#"/@\"#.contains($0) }
        for (index, principal) in Self.names(from: letters, using: &generator).enumerated() {
            let password = String(
                (0..<lengths[index]).compactMap { _ in Self.letters.randomElement(using: &generator) }
            )
            let account = "n-\(index)"
            do {
                try await samba.addUser(account, password: password, principalName: principal)
            } catch {
                Issue.record("“\(principal)”: \(error)")
                continue
            }
            let byAccount = try await live.identity(account, password)
            let byPrincipal = try await live.identity(principal, password)
            #expect(byAccount.key == byPrincipal.key && byPrincipal.username == account)
            for wrong in [Array(password.utf8) + [0x78], [0], [0, 0], [0xFF, 0xFE]] as [[UInt8]] {
                #expect(Told(await live.login(principal, wrong)) == .hidden(.wrongPassword), "“\(principal)” \(wrong)")
                // Three in a row would lock the account.
                _ = try await live.identity(account, password)
            }
        }
        await live.directory.shutdown()
    }

    /// Text of so many octets in UTF-8. Long ones are of letters outside the first plane: Active Directory counts UTF-16 units,
    /// and more than some hundred of them nobody can set there.
    private static func text(octets: Int, using generator: inout some RandomNumberGenerator) -> String {
        let wide: [Character] = ["🦊", "🐍", "𝔘", "𐍈", "😀", "𠮷"]
        var text = ""
        while text.utf8.count < octets {
            let room = octets - text.utf8.count
            let letter = (octets > 200 ? wide : letters).randomElement(using: &generator) ?? "q"
            text.append(letter.utf8.count <= room ? letter : "q")
        }
        return text
    }

    /// Right passwords are text there; wrong ones may be anything.
    @Test func anyOctetsAtActiveDirectory() async throws {
        var generator = SeededGenerator()
        print("passwords at Active Directory: LDAPAUTHD_TEST_SEED=\(generator.seed)")
        let samba = try await SambaServer.shared()
        let live = try CorporateDirectory(samba)
        for length in [1, 2, 7, 8, 15, 16, 64, 127, 128, 200, 256, 511, 512, 768, 1023, 1024] {
            let account = "p-\(length)"
            let password = Self.text(octets: length, using: &generator)
            try await samba.addUser(account, password: password)
            _ = try await live.identity(account, password)
            func octets(_ count: Int) -> [UInt8] {
                (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            }
            let right = Array(password.utf8)
            var flipped = right
            flipped[Int.random(in: 0..<length, using: &generator)] ^= 1 << UInt8.random(in: 0...6, using: &generator)
            let wrongs = [flipped, right + [0x78], right.dropLast() + [0], [0] + right, octets(length), octets(1024)]
            for wrong in wrongs where wrong != right {
                let told = Told(await live.login(account, wrong))
                #expect(told == .hidden(.wrongPassword), "\(length): \(wrong.count) octets")
                // Three in a row would lock the account.
                _ = try await live.identity(account, password)
            }
        }
        await live.directory.shutdown()
    }
}
