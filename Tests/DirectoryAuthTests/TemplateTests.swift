import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

@Suite struct TemplateTests {
    static func names(_ typed: String, domains: [String] = [], strip: Bool = true) throws -> UserNames {
        try #require(UserNames(typed, domains: domains, stripDomain: strip))
    }

    @Test(
        arguments: [
            ("alice", "alice", "alice"),
            ("  alice\t", "alice", "alice"),
            (#"CORP\alice"#, "alice", #"CORP\alice"#),
            (#"corp\alice"#, "alice", #"corp\alice"#),
            ("alice@Corp.Example", "alice", "alice@Corp.Example"),
            (#"OTHER\alice"#, #"OTHER\alice"#, #"OTHER\alice"#),
            ("first.last@mail.example", "first.last@mail.example", "first.last@mail.example"),
            ("@corp.example", "@corp.example", "@corp.example"),
            (#"CORP\"#, #"CORP\"#, #"CORP\"#),
        ]
    )
    func ownDomainsAreStripped(_ typed: String, _ username: String, _ login: String) throws {
        let names = try Self.names(typed, domains: ["CORP", "corp.example"])
        #expect(names.username == username)
        #expect(names.login == login)
    }

    @Test func strippingCanBeSwitchedOff() throws {
        let names = try Self.names(#"CORP\alice"#, domains: ["CORP"], strip: false)
        #expect(names.username == #"CORP\alice"#)
    }

    @Test(arguments: [
        "", "   ", "a\0b", String(repeating: "x", count: 257), String(repeating: " ", count: 100_000) + "a",
    ])
    func impossibleNamesAreNobody(_ typed: String) {
        #expect(UserNames(typed, domains: [], stripDomain: true) == nil)
    }

    @Test func twoHundredAndFiftySixOctetsAreAllowed() {
        #expect(UserNames(String(repeating: "ü", count: 128), domains: [], stripDomain: true) != nil)
    }

    @Test func everyOccurrenceIsReplacedAndEscapedOnce() throws {
        let template = try FilterTemplate(
            "(|(uid={username})(mail={login})(cn=*{username}*)(description=a{username}b{username}c))",
            key: "user_filter"
        )
        let filter = template.filter(for: try Self.names(#"corp\*)(uid=*"#, domains: ["corp"]))
        #expect(try LDAPFilter(parsing: filter.description) == filter)
        guard case .or(let parts) = filter else {
            Issue.record("the shape changed")
            return
        }
        #expect(parts.count == 4)
        #expect(parts[0] == .equal(attribute: "uid", value: Array("*)(uid=*".utf8)))
        #expect(parts[1] == .equal(attribute: "mail", value: Array(#"corp\*)(uid=*"#.utf8)))
        #expect(parts[3] == .equal(attribute: "description", value: Array("a*)(uid=*b*)(uid=*c".utf8)))
    }

    @Test func anyOctetSurvivesWritingAndReading() throws {
        let template = try FilterTemplate("(uid={username})", key: "user_filter")
        for scalar in (1..<0x300).compactMap(Unicode.Scalar.init) + ["🦊", "小"] {
            let name = "a\(Character(scalar))b"
            let filter = template.filter(for: try Self.names(name))
            #expect(filter == .equal(attribute: "uid", value: Array(name.utf8)))
            #expect(try LDAPFilter(parsing: filter.description) == filter)
        }
    }

    @Test func aPlaceholderInANameIsNoPlaceholder() throws {
        let template = try FilterTemplate("(&(uid={username})(mail={login}))", key: "user_filter")
        let filter = template.filter(for: try Self.names("{login}"))
        #expect(
            filter
                == .and([
                    .equal(attribute: "uid", value: Array("{login}".utf8)),
                    .equal(attribute: "mail", value: Array("{login}".utf8)),
                ])
        )
    }

    @Test(
        arguments: [
            ("(uid={user})", "{user}"), ("(uid=alice)", "{username}"), ("(uid={username}", "character"),
            ("uid={username}", "“(”"), ("(&(uid={username})(x={login2}))", "{login2}"),
        ]
    )
    func faultsInFiltersAreNamed(_ text: String, _ part: String) throws {
        let error = #expect(throws: DirectorySettingsError.self) { try FilterTemplate(text, key: "user_filter") }
        let message = try #require(error).description
        #expect(message.hasPrefix("user_filter: "))
        #expect(message.contains(part), "\(message)")
    }

    @Test(
        arguments: [
            (
                "(&(objectClass=person)(uid={username}))", "(&(objectClass=person)(uid=*))"
            ),
            (
                "(&(vpn=TRUE)(|(sAMAccountName={username})(userPrincipalName={login}))(!(state=left)))",
                "(&(vpn=TRUE)(|(sAMAccountName=*)(userPrincipalName=*))(!(state=left)))"
            ),
            ("(&(uid={username})(!(alias={username})))", "(&(uid=*)(objectClass=*))"),
        ]
    )
    func eligibilityForgetsTheNameOnly(_ text: String, _ wanted: String) throws {
        #expect(try FilterTemplate(text, key: "k").eligibility == LDAPFilter(parsing: wanted))
    }

    @Test(
        arguments: [
            ("alice", "uid=alice,ou=people,dc=x"),
            ("a,ou=admins", #"uid=a\,ou\=admins,ou=people,dc=x"#),
            (#"a+b"c\d<e>;"#, #"uid=a\+b\"c\\d\<e\>\;,ou=people,dc=x"#),
            ("#a", ##"uid=\#a,ou=people,dc=x"##),
        ]
    )
    func namesAreEscapedInTheDN(_ name: String, _ dn: String) throws {
        let template = try DNTemplate("uid={username},ou=people,dc=x", key: "bind_dn_template")
        let made = template.dn(for: try Self.names(name))
        #expect(try DistinguishedName(made) == DistinguishedName(dn))
        #expect(try DistinguishedName(made).rdnValue("uid") == name)
    }

    @Test func anyOctetStaysInItsValue() throws {
        let template = try DNTemplate("uid={username},ou=people,dc=x", key: "bind_dn_template")
        let base = try DistinguishedName("ou=people,dc=x")
        for scalar in (1..<0x300).compactMap(Unicode.Scalar.init) + ["🦊", "小"] {
            let name = "a\(Character(scalar))b"
            let dn = try DistinguishedName(template.dn(for: try Self.names(name)))
            #expect(dn.isWithin(base) && dn.depth == base.depth + 1)
            #expect(dn.rdnValue("uid") == name)
        }
    }

    @Test(arguments: ["uid=x,dc=y", "{username}=x,dc=y", "uid={user},dc=y", "{username}", "uid={username},"])
    func faultsInDNTemplatesAreNamed(_ text: String) {
        #expect(throws: DirectorySettingsError(.invalid, key: "bind_dn_template", "")) {
            try DNTemplate(text, key: "bind_dn_template")
        }
    }
}
