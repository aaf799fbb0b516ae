import HTTPAPI
import Testing

/// "Reading XML", a row for each clause.
struct XMLBindingTests {
    static let namespace = "http://schemas.datacontract.org/2004/07/TechExcel.DevTrackApi.Bindings"
    static let instance = "http://www.w3.org/2001/XMLSchema-instance"

    private static func login(_ members: String) -> String {
        "<LoginBinding xmlns:i=\"\(instance)\" xmlns=\"\(namespace)\">\(members)</LoginBinding>"
    }

    private static func token(_ members: String) -> String {
        "<TokenRequest xmlns:i=\"\(instance)\" xmlns=\"http://schemas.datacontract.org/2004/07/IO.Swagger.Models\">"
            + "\(members)</TokenRequest>"
    }

    @Test(arguments: [
        // Any order; names are exact, unknown and wrongly-spelled ones are skipped with all they hold.
        ("<UserName>a</UserName><Grant_type>p</Grant_type>", "Grant_type=p UserName=a"),
        ("<username>a</username>", ""),
        ("<x><UserName>b</UserName>text<y/></x><UserName>a</UserName>", "UserName=a"),
        ("<UserName xmlns=\"\">a</UserName>", ""),
        ("<UserName xmlns=\"urn:other\">a</UserName>", ""),
        ("<n:UserName xmlns:n=\"\(namespace)\">a</n:UserName>", "UserName=a"),
        // The first of duplicates wins, even one that is nil.
        ("<UserName>a</UserName><UserName>b</UserName>", "UserName=a"),
        ("<UserName i:nil=\"true\"/><UserName>b</UserName>", ""),
        ("<LDAPServerId>4</LDAPServerId><LDAPServerId>x</LDAPServerId>", "LDAPServerId=4"),
        // nil.
        ("<UserName i:nil=\"true\"/>", ""),
        ("<UserName i:nil=\"1\" />", ""),
        ("<UserName i:nil=\"true\">a</UserName>", ""),
        ("<UserName i:nil=\"false\">a</UserName>", "UserName=a"),
        ("<UserName i:nil=\"0\">a</UserName>", "UserName=a"),
        ("<UserName nil=\"true\">a</UserName>", "UserName=a"),
        // Empty is the empty string.
        ("<UserName/><Password></Password>", "UserName= Password="),
        // Strings are not trimmed, integers are.
        ("<UserName> a </UserName>", "UserName= a "),
        ("<LDAPServerId>\n 4\t</LDAPServerId>", "LDAPServerId=4"),
        ("<LDAPServerId>+4</LDAPServerId>", "LDAPServerId=4"),
        ("<LDAPServerId>-4</LDAPServerId>", "LDAPServerId=-4"),
        // CDATA, comments, character references and the five entities.
        ("<UserName><![CDATA[<a>]]>&amp;&lt;&gt;&apos;&quot;<!-- no -->&#65;&#x42;</UserName>", "UserName=<a>&<>'\"AB"),
        ("<!-- <x> --><UserName>a</UserName>", "UserName=a"),
        ("<UserName>ä😀</UserName>", "UserName=ä😀"),
        ("<UserName>a\r\nb</UserName>", "UserName=a\nb"),
    ])
    func members(_ members: String, _ expected: String) {
        #expect(Reading.login(Self.login(members), Reading.xml) == expected)
    }

    /// Any value fault has the bare key.
    @Test(arguments: [
        ("<LDAPServerId>abc</LDAPServerId>", "The value 'abc' is not valid for LDAPServerId."),
        ("<LDAPServerId>4.0</LDAPServerId>", "The value '4.0' is not valid for LDAPServerId."),
        ("<LDAPServerId>2147483648</LDAPServerId>", "The value '2147483648' is not valid for LDAPServerId."),
        ("<LDAPServerId/>", "The value '' is not valid for LDAPServerId."),
        ("<LDAPServerId i:nil=\"true\"/>", "The value '' is not valid for LDAPServerId."),
        (
            "<IsInSessionAuth>x</IsInSessionAuth><LDAPServerId>y</LDAPServerId>",
            "The value 'y' is not valid for LDAPServerId."
        ),
    ])
    func valueFaults(_ members: String, _ message: String) {
        #expect(Reading.login(Self.login(members), Reading.xml) == "400 login: \(message)")
    }

    @Test(arguments: [
        ("true", "WindowsAuthentication=true"), ("false", ""), ("1", "WindowsAuthentication=true"), ("0", ""),
        ("\n true ", "WindowsAuthentication=true"), ("TRUE", "!TRUE"), ("", "!"), ("yes", "!yes"), ("2", "!2"),
    ])
    func booleans(_ value: String, _ expected: String) {
        let message =
            expected.hasPrefix("!")
            ? "400 body: The value '\(expected.dropFirst())' is not valid for WindowsAuthentication." : expected
        let body = Self.token("<WindowsAuthentication>\(value)</WindowsAuthentication>")
        #expect(Reading.token(body, Reading.xml) == message)
    }

    @Test func nilBoolean() {
        #expect(
            Reading.token(Self.token("<WindowsAuthentication i:nil=\"1\"/>"), Reading.xml)
                == "400 body: The value '' is not valid for WindowsAuthentication."
        )
    }

    @Test(arguments: [
        // The prefix is free.
        "<n:LoginBinding xmlns:n=\"\(namespace)\"><n:UserName>a</n:UserName></n:LoginBinding>",
        "<?xml version=\"1.0\"?>\(login("<UserName>a</UserName>"))",
        "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n\(login("<UserName>a</UserName>"))\n<!-- end -->\n",
        "\u{FEFF}\(login("<UserName>a</UserName>"))",
        "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\(login(" <UserName>a</UserName>\n"))",
    ])
    func documents(_ body: String) {
        #expect(Reading.login(body, Reading.xml) == "UserName=a")
    }

    @Test func nilRoot() {
        let body = "<LoginBinding xmlns:i=\"\(Self.instance)\" xmlns=\"\(Self.namespace)\" i:nil=\"true\"/>"
        #expect(Reading.login(body, Reading.xml) == "")
    }

    /// Whatever is refused has the bare key and says what is wrong.
    @Test(arguments: [
        ("<LoginBinding><UserName>a</UserName></LoginBinding>", "another root element"),
        ("<loginBinding xmlns=\"\(namespace)\"/>", "another root element"),
        ("<LoginBinding xmlns=\"\(namespace)/\"/>", "another root element"),
        ("<LoginBinding xmlns=\"http://schemas.datacontract.org/2004/07/IO.Swagger.Models\"/>", "another root element"),
        ("<!DOCTYPE LoginBinding>\(login(""))", "a document type declaration"),
        ("<!DOCTYPE LoginBinding SYSTEM \"file:///etc/passwd\">\(login(""))", "a document type declaration"),
        ("<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\(login("&b;"))", "a document type declaration"),
        ("<!DOCTYPE x [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/x\">%p;]>\(login(""))", "a document type declaration"),
        ("<?php x?>\(login(""))", "a processing instruction"),
        (login("<?x?>"), "a processing instruction"),
        (login("<x><?x?></x>"), "a processing instruction"),
        ("\(login(""))<?x?>", "a processing instruction"),
        (login("<UserName>&foo;</UserName>"), "undefined entity"),
        (login("<x>&foo;</x>"), "undefined entity"),
        (login("<UserName>a<b/></UserName>"), "an element inside a value"),
        (login("<UserName><UserName>a</UserName></UserName>"), "an element inside a value"),
        (login("a<UserName>b</UserName>"), "text between the elements"),
        (login("<UserName i:nil=\"yes\">a</UserName>"), "nil is neither"),
        ("\(login(""))\(login(""))", "junk after document element"),
        ("\(login(""))x", "junk after document element"),
        ("  ", "no element found"),
        ("<LoginBinding", "unclosed token"),
        (login("<UserName>"), "mismatched tag"),
        (login("<n:UserName>a</n:UserName>"), "unbound prefix"),
        (login("<UserName>&#0;</UserName>"), "reference to invalid character number"),
        (login("<UserName>\u{1}</UserName>"), "not well-formed"),
        (" <?xml version=\"1.0\"?>\(login(""))", "XML or text declaration not at start"),
        // A declaration that names another encoding would make a password something else.
        ("<?xml version=\"1.0\" encoding=\"utf-16\"?>\(login(""))", "the text is not valid in its encoding"),
        ("<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\(login(""))", "the text is not valid in its encoding"),
        (String(repeating: "<x>", count: 20_000), "another root element"),
        (login(String(repeating: "<x>", count: 20_000)), "nested too deep"),
    ])
    func refused(_ body: String, _ reason: String) {
        let answer = Reading.login(body, Reading.xml)
        #expect(answer.hasPrefix("400 login: The body is not valid XML: \(reason)"), "\(answer)")
        #expect(answer.hasSuffix("."))
    }

    @Test func invalidUTF8IsRefused() {
        let body = Array(Self.login("<Password>").utf8.prefix(150)) + [0xE4]
        #expect(Reading.login(body, Reading.xml).hasPrefix("400 login: The body is not valid XML: "))
    }

    @Test func utf16() {
        let body = Self.login("<UserName>ä😀</UserName>")
        let wide = "application/xml; charset=utf-16"
        #expect(Reading.login(Reading.utf16(body, bom: true), wide) == "UserName=ä😀")
        #expect(Reading.login(Reading.utf16(body, bigEndian: true, bom: true), wide) == "UserName=ä😀")
        #expect(Reading.login(Reading.utf16(body, bom: false), wide) == "UserName=ä😀")
        let declared = "<?xml version=\"1.0\" encoding=\"utf-16\"?>" + body
        #expect(Reading.login(Reading.utf16(declared, bom: true), wide) == "UserName=ä😀")
        // Only with the charset, and only what is really UTF-16.
        #expect(
            Reading.login(Reading.utf16(body, bom: true), Reading.xml).hasPrefix("400 login: The body is not valid")
        )
        #expect(Reading.login(body + " ", wide).hasPrefix("400 login: The body is not valid XML"))
    }
}
