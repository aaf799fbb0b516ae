import LDAPClient
import TestSupport
import Testing

@Suite struct DistinguishedNameTests {
    @Test(arguments: [
        ("cn=Alice,dc=example,dc=org", "CN=alice, DC=Example , dc=ORG"),
        ("cn=Comma\\2C Group,dc=x", "cn=Comma\\, Group,dc=x"),
        ("cn=Comma\\2c Group,dc=x", "cn=comma\\2C\\20group,dc=x"),
        ("2.5.4.3=a,0.9.2342.19200300.100.1.25=x", "cn=a,dc=x"),
        ("2.5.4.3=a", "commonName=A"),
        ("uid=a+cn=b,dc=x", "cn=B+uid=A,dc=x"),
        ("cn=J\\C3\\BCrgen,dc=x", "cn=JÜRGEN,dc=x"),
        ("cn=Ju\u{308}rgen,dc=x", "cn=jürgen,dc=x"),
        ("cn=a   b,dc=x", "cn=A b,dc=x"),
        ("cn=\\20a\\20,dc=x", "cn=a,dc=x"),
        ("cn=#0C0161,dc=x", "cn=a,dc=x"),
        ("", ""),
    ])
    func sameName(left: String, right: String) throws {
        let (left, right) = (try DistinguishedName(left), try DistinguishedName(right))
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        #expect(left.isWithin(right) && right.isWithin(left))
    }

    @Test(arguments: [
        ("cn=a,dc=x", "cn=b,dc=x"),
        ("cn=a,dc=x", "cn=a,dc=y"),
        ("cn=a,dc=x", "uid=a,dc=x"),
        ("cn=a\\,dc=x", "cn=a,dc=x"),
        ("cn=ab,dc=x", "cn=a b,dc=x"),
        ("cn=a+uid=b,dc=x", "cn=a,uid=b,dc=x"),
        ("cn=a\\+uid=b,dc=x", "cn=a+uid=b,dc=x"),
        ("cn=a+sn=b+uid=c", "cn=a\\00\\+sn\\3Db+uid=c"),
        ("cn=strauß", "cn=strauss"),
        ("cn=a\\00b", "cn=ab"),
        ("cn=\\#61", "cn=#61"),
        ("cn=\\FF", "cn=\\FE"),
        ("cn=\\FF", "cn=\\23ff"),
        ("cn=é", "cn=e"),
    ])
    func otherName(left: String, right: String) throws {
        #expect(try DistinguishedName(left) != DistinguishedName(right))
    }

    @Test(arguments: [
        ("uid=a,ou=people,dc=example,dc=org", "OU=People,DC=example,DC=org", true),
        ("ou=people,dc=example,dc=org", "ou=people,dc=example,dc=org", true),
        ("dc=example,dc=org", "ou=people,dc=example,dc=org", false),
        ("uid=a,ou=xpeople,dc=example,dc=org", "ou=people,dc=example,dc=org", false),
        ("uid=a\\,ou=people,dc=example,dc=org", "ou=people,dc=example,dc=org", false),
        ("uid=a,dc=example,dc=org", "", true),
        ("", "dc=org", false),
    ])
    func within(name: String, base: String, isWithin: Bool) throws {
        #expect(try DistinguishedName(name).isWithin(DistinguishedName(base)) == isWithin)
    }

    @Test(arguments: [
        "alice", "cn", "=x", "cn=a,", ",cn=a", "cn=a,,dc=x", "cn=a+,dc=x", "c n=a", "cn=a\\", "cn=a\\2", "cn=\"a",
        "cn=#6",
        "OID.2.5.4.3=a", "cn=\"Comma, Group\",dc=x",
        "cn=a\u{0},dc=x", "cn=\(String(repeating: "a", count: 70_000))",
    ])
    func refuses(text: String) {
        let error = #expect(throws: LDAPError.self) { try DistinguishedName(text) }
        #expect(error?.code == .invalidArgument)
        #expect((error?.message.count ?? 0) < 250)
    }

    @Test func parents() throws {
        let name = try DistinguishedName("cn=Lovelace\\, Ada,ou=People,dc=org")
        #expect(name.parent == (try DistinguishedName("ou=people,dc=org")))
        #expect(name.parent?.description == "ou=People,dc=org")
        #expect(name.parent?.parent?.parent == (try DistinguishedName("")))
        #expect(name.parent?.parent?.parent?.parent == nil)
        #expect(name.depth == 3)
        #expect(name.rdnValue("commonname") == "Lovelace, Ada")
        #expect(name.rdnValue("uid") == nil)
    }

    /// Every character below U+0180 and some beyond, first, last and in the middle of a value.
    @Test func escapedValuesStandForThemselves() throws {
        var texts = [" a ", "  ", "#a", "a#", "小林", "🦊", "a\\,b", "\"", "=+<>;,\\\"#", "\u{0}\u{1F}\u{7F}"]
        for code in 0..<0x180 where Unicode.Scalar(UInt32(code)) != nil {
            let character = Unicode.Scalar(UInt32(code)).map { String(Character($0)) } ?? ""
            texts += [character, character + "x", "x" + character, "x" + character + "y"]
        }
        for text in texts {
            let name = try DistinguishedName("uid=\(DistinguishedName.escapedValue(text)),dc=x")
            #expect(name.depth == 2)
            #expect(name.rdnValue("uid") == text)
        }
    }

    /// slapd is asked whether two spellings are one entry; the verdicts must agree.
    @Test func agreesWithSlapd() async throws {
        let sample = SampleDirectory()
        let slapd = try await Slapd.start()
        let spellings = [
            "UID=ALICE , OU=people,dc=EXAMPLE,dc=org", "uid=al ice,ou=people,dc=example,dc=org",
            "uid=JÜRGEN,ou=people,dc=example,dc=org", "uid=ju\u{308}rgen,ou=people,dc=example,dc=org",
            "uid=jurgen,ou=people,dc=example,dc=org", "uid=strauss,ou=people,dc=example,dc=org",
            "uid=STRAUß,ou=people,dc=example,dc=org", "cn=Lovelace\\2C   Ada,ou=people,dc=example,dc=org",
            "cn=lovelace\\, ada,ou=people,dc=example,dc=org", "cn=Lovelace\\,Ada,ou=people,dc=example,dc=org",
            "uid=st\\2ar(x)\\5Cy,ou=people,dc=example,dc=org", "uid=fox\\F0\\9F\\A6\\8A,ou=people,dc=example,dc=org",
            "0.9.2342.19200300.100.1.1=bob,2.5.4.11=people,dc=example,dc=org",
            "uid=plus\\2Beq\\3D\\23,ou=people,dc=example,dc=org",
            "userid=bob,ou=people,dc=example,dc=org", "cn=FÜCHSE 🦊,ou=groups,dc=example,dc=org",
        ]
        let known = try Set(
            (sample.people.map { sample.dn(of: $0) } + sample.groups.map { sample.dn(of: $0) }).map {
                try DistinguishedName($0)
            }
        )
        for spelling in spellings {
            let outcome = try await ChildProcess.run(
                "ldapsearch",
                ["-x", "-LLL", "-H", slapd.url, "-s", "base", "-b", spelling, "1.1"]
            )
            #expect(outcome.exit == .code(0) || outcome.exit == .code(32))
            #expect(try known.contains(DistinguishedName(spelling)) == outcome.succeeded, "\(spelling)")
        }
    }
}
