import HTTPAPI
import Testing

/// "Reading JSON", a row for each clause.
struct JSONBindingTests {
    @Test(arguments: [
        // Names match exactly, then without case; the last of duplicates wins.
        (#"{"UserName":"a"}"#, "UserName=a"),
        (#"{"username":"a","PASSWORD":"b"}"#, "UserName=a Password=b"),
        (#"{"UserName":"a","UserName":"b"}"#, "UserName=b"),
        (#"{"UserName":"a","username":"b"}"#, "UserName=b"),
        (#"{"UserName":"a","username":null}"#, ""),
        (#"{"LDAPServerId":"abc","LDAPServerId":4}"#, "LDAPServerId=4"),
        (#"{"User\u004eame":"a"}"#, "UserName=a"),
        // Unknown members are ignored, whatever they hold.
        (#"{"x":{"UserName":"b","y":[1,{"z":null}]},"UserName":"a","q":[[],{}]}"#, "UserName=a"),
        // Missing ones and nulls are defaults.
        ("{}", ""),
        (#"{"UserName":null,"Password":null}"#, ""),
        // null or white space as the whole body.
        ("null", ""),
        (" \t\r\n ", ""),
        (" null ", ""),
        ("\u{FEFF}", ""),
        // Strings: a number is taken as its text.
        (#"{"UserName":42,"Password":1.50}"#, "UserName=42 Password=1.50"),
        (#"{"UserName":-1e+7}"#, "UserName=-1e+7"),
        (#"{"UserName":true,"Password":false}"#, "UserName=true Password=false"),
        (#"{"UserName":"","Password":" "}"#, "UserName= Password= "),
        (#"{"UserName":{}}"#, "400 login.UserName: The value is not valid for UserName."),
        (#"{"UserName":["a"]}"#, "400 login.UserName: The value is not valid for UserName."),
        // Escapes.
        (#"{"UserName":"\"\\\/\b\f\n\r\t\u00e4\ud83d\ude00ä😀"}"#, "UserName=\"\\/\u{8}\u{c}\n\r\tä😀ä😀"),
        (#"{"UserName":"\u0000"}"#, "UserName=\0"),
        // A BOM is skipped.
        ("\u{FEFF}{\"UserName\":\"a\"}", "UserName=a"),
    ])
    func members(_ body: String, _ expected: String) {
        #expect(Reading.login(body, Reading.json) == expected)
    }

    @Test(arguments: [
        ("4", "LDAPServerId=4"), (#""4""#, "LDAPServerId=4"), (#"" 4 ""#, "LDAPServerId=4"),
        (#""\t4\n""#, "LDAPServerId=4"), (#""+4""#, "LDAPServerId=4"), ("-1", "LDAPServerId=-1"),
        (#""-1""#, "LDAPServerId=-1"), ("0", ""), ("-0", ""), (#""004""#, "LDAPServerId=4"),
        ("2147483647", "LDAPServerId=2147483647"), ("-2147483648", "LDAPServerId=-2147483648"),
        ("2147483648", "!2147483648"), ("-2147483649", "!-2147483649"),
        (#""99999999999999999999999""#, "!99999999999999999999999"),
        ("4.0", "!4.0"), ("1e2", "!1e2"), (#""""#, "!"), (#"" ""#, "! "), ("true", "!true"), ("null", "!null"),
        ("{}", "!{}"), ("[4]", "![]"), (#""abc""#, "!abc"), (#""4 4""#, "!4 4"), (#""+""#, "!+"), (#""0x4""#, "!0x4"),
        (#""٤""#, "!٤"),
    ])
    func integers(_ value: String, _ expected: String) {
        let message =
            expected.hasPrefix("!")
            ? "400 login.LDAPServerId: The value '\(expected.dropFirst())' is not valid for LDAPServerId." : expected
        #expect(Reading.login(#"{"LDAPServerId":\#(value)}"#, Reading.json) == message)
    }

    @Test(arguments: [
        ("true", "true"), ("false", ""), (#""TRUE""#, "true"), (#""False""#, ""), (#"" true ""#, "true"),
        ("0", ""), ("0.0", ""), ("-0e5", ""), ("1", "true"), ("-1", "true"), ("0.01", "true"), ("2e9", "true"),
        (#""""#, "!"), (#""1""#, "!1"), (#""yes""#, "!yes"), ("null", "!null"), ("[]", "![]"), ("{}", "!{}"),
    ])
    func booleans(_ value: String, _ expected: String) {
        let message =
            expected.hasPrefix("!")
            ? "400 body.WindowsAuthentication: The value '\(expected.dropFirst())' is not valid for "
                + "WindowsAuthentication."
            : expected.isEmpty ? "" : "WindowsAuthentication=true"
        #expect(Reading.token(#"{"WindowsAuthentication":\#(value)}"#, Reading.json) == message)
    }

    @Test func allUnreadableMembersAreTold() {
        #expect(
            Reading.login(#"{"IsInSessionAuth":"x","LDAPServerId":"y","UserName":[]}"#, Reading.json)
                == "400 login.UserName: The value is not valid for UserName. | "
                + "login.LDAPServerId: The value 'y' is not valid for LDAPServerId. | "
                + "login.IsInSessionAuth: The value 'x' is not valid for IsInSessionAuth."
        )
    }

    /// A fault of the whole body has the bare key.
    @Test(arguments: [
        ("{'UserName':'a'}", "unexpected character at byte 1"),
        ("{/**/}", "unexpected character at byte 1"),
        ("{} x", "something behind the value at byte 3"),
        (#"{"UserName":"a"}{}"#, "something behind the value at byte 16"),
        ("[]", "not an object at byte 2"), ("4", "not an object at byte 1"), (#""a""#, "not an object at byte 3"),
        ("null null", "something behind the value at byte 5"),
        (#"{"UserName":"a""#, "unexpected end at byte 15"), (#"{"a":1,}"#, "unexpected character at byte 7"),
        (#"{"a" 1}"#, "unexpected character at byte 5"), (#"{"a":01}"#, "unexpected character at byte 6"),
        (#"{"a":+1}"#, "unexpected character at byte 5"), (#"{"a":1.}"#, "malformed number at byte 7"),
        (#"{"a":"\x"}"#, "malformed escape at byte 7"), (#"{"a":"\ud800"}"#, "unpaired surrogate at byte 12"),
        (#"{"a":"\udc00\ud800"}"#, "unpaired surrogate at byte 12"),
        (#"{"a":"\ud800\u0041"}"#, "unpaired surrogate at byte 18"),
        ("{\"a\":\"\n\"}", "unescaped control character at byte 6"),
    ])
    func malformed(_ body: String, _ reason: String) {
        #expect(Reading.login(body, Reading.json) == "400 login: The body is not valid JSON: \(reason).")
        #expect(Reading.token(body, "text/json") == "400 body: The body is not valid JSON: \(reason).")
    }

    @Test func invalidUTF8IsRefused() {
        let body = Array(#"{"UserName":""#.utf8) + [0xE4] + Array(#""}"#.utf8)
        #expect(Reading.login(body, Reading.json).hasPrefix("400 login: The body is not valid JSON: the text is not"))
    }

    @Test func nesting() {
        func body(_ depth: Int) -> String {
            #"{"UserName":"a","x":"# + String(repeating: "[", count: depth - 1)
                + String(repeating: "]", count: depth - 1) + "}"
        }
        #expect(Reading.login(body(32), Reading.json) == "UserName=a")
        #expect(
            Reading.login(body(33), Reading.json)
                == "400 login: The body is not valid JSON: nested too deep at byte 51."
        )
    }

    @Test(arguments: [
        (Reading.utf16(#"{"UserName":"ä😀"}"#, bom: true), "application/json"),
        (Reading.utf16(#"{"UserName":"ä😀"}"#, bigEndian: true, bom: true), "application/json"),
        (Reading.utf16(#"{"UserName":"ä😀"}"#, bom: true), "application/json; charset=utf-16"),
        (Reading.utf16(#"{"UserName":"ä😀"}"#, bom: false), "application/json; charset=utf-16"),
        (Array("\u{FEFF}{\"UserName\":\"ä😀\"}".utf8), "application/json; charset=utf-16"),
    ])
    func utf16(_ body: [UInt8], _ contentType: String) {
        #expect(Reading.login(body, contentType) == "UserName=ä😀")
    }

    @Test(
        arguments: [
            [0xFF, 0xFE, 0x7B], [0xFF, 0xFE, 0x00, 0xD8], [0xFE, 0xFF, 0xDC, 0x00], [0x7B, 0x00, 0x7D, 0x00],
        ] as [[UInt8]]
    )
    func brokenUTF16(_ body: [UInt8]) {
        #expect(Reading.login(body, Reading.json).hasPrefix("400 login: The body is not valid JSON"))
    }
}
