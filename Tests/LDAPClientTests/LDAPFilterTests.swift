import LDAPClient
import TestSupport
import Testing

@Suite struct LDAPFilterTests {
    @Test(arguments: [
        ("(uid=alice)", LDAPFilter.equal(attribute: "uid", value: Array("alice".utf8))),
        ("(cn=)", .equal(attribute: "cn", value: [])),
        ("(cn=*)", .present(attribute: "cn")),
        ("(cn=a*)", .substrings(attribute: "cn", initial: [0x61], any: [], final: nil)),
        ("(cn=*a)", .substrings(attribute: "cn", initial: nil, any: [], final: [0x61])),
        ("(cn=*a*)", .substrings(attribute: "cn", initial: nil, any: [[0x61]], final: nil)),
        ("(cn=a*b*c*d)", .substrings(attribute: "cn", initial: [0x61], any: [[0x62], [0x63]], final: [0x64])),
        ("(n>=1)", .greaterOrEqual(attribute: "n", value: [0x31])),
        ("(n<=1)", .lessOrEqual(attribute: "n", value: [0x31])),
        ("(n~=1)", .approximately(attribute: "n", value: [0x31])),
        ("(cn;lang-de=1)", .equal(attribute: "cn;lang-de", value: [0x31])),
        ("(2.5.4.3=1)", .equal(attribute: "2.5.4.3", value: [0x31])),
        ("(a:=1)", .extensible(attribute: "a", dn: false, rule: nil, value: [0x31])),
        ("(a:dn:=1)", .extensible(attribute: "a", dn: true, rule: nil, value: [0x31])),
        (
            "(m:1.2.840.113556.1.4.1941:=cn=x)",
            .extensible(attribute: "m", dn: false, rule: "1.2.840.113556.1.4.1941", value: Array("cn=x".utf8))
        ),
        ("(:dn:2.4.6.8.10:=x)", .extensible(attribute: nil, dn: true, rule: "2.4.6.8.10", value: [0x78])),
        ("(:caseExactMatch:=x)", .extensible(attribute: nil, dn: false, rule: "caseExactMatch", value: [0x78])),
        ("(&)", .and([])), ("(|)", .or([])),
        ("(!(a=1))", .not(.equal(attribute: "a", value: [0x31]))),
        (
            "(&(a=1)(|(b=2)(!(c=3))))",
            .and([
                .equal(attribute: "a", value: [0x31]),
                .or([.equal(attribute: "b", value: [0x32]), .not(.equal(attribute: "c", value: [0x33]))]),
            ])
        ),
    ])
    func reads(text: String, filter: LDAPFilter) throws {
        #expect(try LDAPFilter(parsing: text) == filter)
        #expect(try LDAPFilter(parsing: filter.description) == filter)
    }

    @Test(arguments: [
        (" (& (a=1)\n   (b=2) ) ", "(&(a=1)(b=2))"),
        ("(a=\\2a\\28\\29\\5C\\00)", "(a=\\2A\\28\\29\\5C\\00)"),
        ("(a=x**y)", "(a=x*y)"),
        ("(a=**)", "(a=*)"),
        ("(A:DN:=x)", "(A:dn:=x)"),
    ])
    func normalises(text: String, written: String) throws {
        #expect(try LDAPFilter(parsing: text).description.lowercased() == written.lowercased())
    }

    @Test(arguments: [
        ("", 1, "“(” expected"), ("uid=a", 1, "“(” expected"), ("(uid=a", 7, "“)” is missing"),
        ("(uid=a))", 8, "nothing may follow"),
        ("(=a)", 2, "attribute's name"), ("(ü=a)", 2, "attribute's name"), ("(uid)", 5, "expected after"),
        ("(uid a)", 5, "expected after"),
        ("(u>a)", 4, "“=” expected"), ("(u>=a*)", 6, "\\2a"), ("(ü", 2, "attribute's name"),
        ("(c=ü\\zz)", 5, "two hexadecimal digits"),
        ("(c=a\\2)", 5, "two hexadecimal digits"), ("(c=a(b))", 5, "\\28"), ("(c=a\u{0}b)", 5, "\\00"),
        ("(!a=1)", 3, "“(” expected"),
        ("(&(a=1)", 8, "“)” is missing"), ("(&a=1)", 3, "“)” expected"), ("(!(a=1)(b=2))", 8, "“)” expected"),
        ("(:=x)", 4, "needs an attribute"),
        ("(:dn:=x)", 7, "needs an attribute"), ("(a:b:c:=x)", 7, "matching rule"), ("(a:b)", 5, "“:=” expected"),
        ("()", 2, "attribute's name"),
    ])
    func refuses(text: String, position: Int, why: String) {
        let error = #expect(throws: LDAPError.self) { try LDAPFilter(parsing: text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.hasPrefix("filter, character \(position): ") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains(why) == true, "\(error?.message ?? "")")
    }

    @Test func boundsTheDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "(!", count: depth - 1) + "(a=1)" + String(repeating: ")", count: depth - 1)
        }
        #expect(throws: Never.self) { try LDAPFilter(parsing: nested(64)) }
        #expect(throws: LDAPError.self) { try LDAPFilter(parsing: nested(65)) }
        #expect(throws: LDAPError.self) { try LDAPFilter(parsing: nested(100_000)) }
    }

    /// Every octet, alone and among others, at every place a value can stand.
    @Test func everyByteIsEscapedExactlyOnce() throws {
        for byte in UInt8.min...UInt8.max {
            for value in [[byte], [0x61, byte], [byte, 0x61], [0x5C, byte], [byte, byte], [0xC3, byte]] {
                let filters: [LDAPFilter] = [
                    .equal(attribute: "a", value: value),
                    .substrings(attribute: "a", initial: value, any: [value, value], final: value),
                    .greaterOrEqual(attribute: "a", value: value), .lessOrEqual(attribute: "a", value: value),
                    .approximately(attribute: "a", value: value),
                    .extensible(attribute: "a", dn: true, rule: "1.2", value: value),
                    .and([.or([.not(.equal(attribute: "a", value: value))])]),
                ]
                for filter in filters { #expect(try LDAPFilter(parsing: filter.description) == filter) }
            }
        }
    }

    @Test func randomTreesSurvive() throws {
        var random = SystemRandomNumberGenerator()
        func value() -> [UInt8] { (0..<Int.random(in: 1...6)).map { _ in UInt8.random(in: 0...255, using: &random) } }
        func tree(_ depth: Int) -> LDAPFilter {
            switch Int.random(in: depth > 4 ? 3...6 : 0...6) {
            case 0: .and((0..<Int.random(in: 0...3)).map { _ in tree(depth + 1) })
            case 1: .or((0..<Int.random(in: 0...3)).map { _ in tree(depth + 1) })
            case 2: .not(tree(depth + 1))
            case 3: .equal(attribute: "cn", value: value())
            case 4: .substrings(attribute: "cn", initial: value(), any: [value()], final: Bool.random() ? value() : nil)
            case 5: .present(attribute: "cn")
            default:
                .extensible(attribute: "cn", dn: Bool.random(), rule: Bool.random() ? "1.2.3" : nil, value: value())
            }
        }
        for _ in 0..<500 {
            let filter = tree(0)
            #expect(try LDAPFilter(parsing: filter.description) == filter)
        }
    }

    @Test func randomTextNeverCrashes() {
        let alphabet = Array("()&|!=*\\:<>~ad0 \u{0}ü;.")
        for _ in 0..<20_000 {
            let text = String((0..<Int.random(in: 0...20)).map { _ in alphabet.randomElement() ?? "(" })
            if let filter = try? LDAPFilter(parsing: text) {
                #expect((try? LDAPFilter(parsing: filter.description)) == filter)
            }
        }
    }

    @Test func placeholdersAreReplacedInValuesOnly() throws {
        let template = try LDAPFilter(parsing: "(&(uid={username})(|(cn=*{username}*)(m:1.2:=x{username})))")
        let filter = template.mapValues { value in
            Array(String(decoding: value, as: UTF8.self).replacing("{username}", with: "*)(uid=*").utf8)
        }
        #expect(
            filter.description.lowercased()
                == "(&(uid=\\2a\\29\\28uid=\\2a)(|(cn=*\\2a\\29\\28uid=\\2a*)(m:1.2:=x\\2a\\29\\28uid=\\2a)))"
        )
    }

    @Test func anAttributeCannotBreakOut() {
        let filter = LDAPFilter.equal(attribute: "a=1)(b", value: [0x31])
        #expect(filter.description == "(a\\3d1\\29\\28b=1)")
        #expect(throws: LDAPError.self) { try LDAPFilter(parsing: filter.description) }
    }

    /// People whose names are made of what filters and DNs treat specially are found again, and nobody else.
    @Test func slapdFindsEverySpecialName() async throws {
        var names = (0x21...0x7E).map { "x" + String(Character(Unicode.Scalar($0))) + "y" }.filter {
            // Case and nothing else apart from each other: one of each is enough.
            $0 == $0.lowercased()
        }
        names += [
            "*", "(", ")", "\\", "\\2a", "a\\", "*)(uid=*", "#x", "x#", "\u{1}", "\u{7F}", "ü*", "小林(", "🦊)", "a,b=c+d",
        ]
        var options = Slapd.Options()
        options.ldif =
            "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: x\ndc: example\n\n"
            + names.map { name in
                LDIF.line("dn", "uid=\(DistinguishedName.escapedValue(name)),dc=example,dc=org")
                    + "\nobjectClass: account\n" + LDIF.line("uid", Array(name.utf8)) + "\n\n"
            }.joined()
        let slapd = try await Slapd.start(options)
        // One search per line of a file: the filters are given to libldap as text, as the client does.
        let folder = try TemporaryDirectory()
        let filters = names.map { LDAPFilter.equal(attribute: "uid", value: Array($0.utf8)).description }
        let file = try folder.write(filters.joined(separator: "\n") + "\n", to: "filters")
        let outcome = try await ChildProcess.run(
            "ldapsearch",
            [
                "-x", "-o", "ldif-wrap=no", "-H", slapd.url, "-b", "dc=example,dc=org", "-f", file,
                "(&(objectClass=account)%s)", "uid",
            ]
        )
        #expect(outcome.succeeded, "\(outcome.errorOutput)")
        let answers = outcome.output.components(separatedBy: "# filter: ").dropFirst()
        #expect(answers.count == names.count)
        for (name, answer) in zip(names, answers) {
            let lines = answer.split(separator: "\n").map(String.init)
            #expect(lines.contains("# numEntries: 1"), "\(name): \(answer)")
            #expect(
                lines.contains(LDIF.line("uid", name)) || lines.contains(LDIF.line("uid", Array(name.utf8))),
                "\(name)"
            )
        }
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [Substring] { split(separator: separator) }
}
