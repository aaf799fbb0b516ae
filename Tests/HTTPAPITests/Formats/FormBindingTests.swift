import HTTPAPI
import Testing
import Tokens

/// "Reading forms", a row for each clause.
struct FormBindingTests {
    @Test(arguments: [
        // Names match without case.
        ("USERNAME=a&password=b", "UserName=a Password=b"),
        // `+` is a space, percent-decoding is UTF-8, in names too.
        ("UserName=a+b%20c%C3%A4", "UserName=a b cä"),
        ("User%4Eame=a", "UserName=a"),
        ("UserName=%c3%a4", "UserName=ä"),
        // Octets that are not UTF-8 are replaced, but not in passwords (see below).
        ("UserName=a%E4b", "UserName=a\u{FFFD}b"),
        // A bad % is kept as it stands.
        ("UserName=100%&Password=%zz%4", "UserName=100% Password=%zz%4"),
        ("UserName=%%41", "UserName=%A"),
        // Only `&` separates.
        ("UserName=a;Password=b", "UserName=a;Password=b"),
        ("UserName=a\nPassword=b", "UserName=a\nPassword=b"),
        ("&&UserName=a&&", "UserName=a"),
        // The first `=` counts.
        ("UserName=a=b=c", "UserName=a=b=c"),
        // An empty value is null, also for an integer.
        ("UserName=&Password&LDAPServerId=", ""),
        // Blanks only are kept.
        ("Password=++&UserName=%20", "UserName=  Password=  "),
        // Unknown names are ignored, even twice.
        ("x=1&x=2&UserName=a", "UserName=a"),
        ("=a&=b", ""),
        // Of other fields the first wins.
        ("LDAPServerId=4&LDAPServerId=5", "LDAPServerId=4"),
        ("LDAPServerId=4&ldapserverid=abc", "LDAPServerId=4"),
        // Integers: decimal with sign and blanks.
        ("LDAPServerId=+4+", "LDAPServerId=4"),
        ("LDAPServerId=%2B4", "LDAPServerId=4"),
        ("LDAPServerId=-1", "LDAPServerId=-1"),
        ("LDAPServerId=4.0", "400 login.LDAPServerId: The value '4.0' is not valid for LDAPServerId."),
        ("LDAPServerId=abc", "400 login.LDAPServerId: The value 'abc' is not valid for LDAPServerId."),
        ("LDAPServerId=2147483648", "400 login.LDAPServerId: The value '2147483648' is not valid for LDAPServerId."),
        // Nothing at all.
        ("&", ""),
    ])
    func login(_ body: String, _ expected: String) {
        #expect(Reading.login(body, Reading.form) == expected)
    }

    @Test(arguments: [
        ("WindowsAuthentication=true", "WindowsAuthentication=true"),
        ("WindowsAuthentication=TRUE", "WindowsAuthentication=true"),
        ("WindowsAuthentication=False", ""),
        ("WindowsAuthentication=", ""),
        (
            "WindowsAuthentication=1",
            "400 body.WindowsAuthentication: The value '1' is not valid for WindowsAuthentication."
        ),
        (
            "WindowsAuthentication=on",
            "400 body.WindowsAuthentication: The value 'on' is not valid for WindowsAuthentication."
        ),
        ("scope=a&scope=b", "scope=a"),
    ])
    func token(_ body: String, _ expected: String) {
        #expect(Reading.token(body, Reading.form) == expected)
    }

    /// RFC 6749 §3.2.
    @Test(arguments: [
        "grant_type=a&grant_type=a", "username=a&USERNAME=b", "password=a&x=1&password=b", "password=&password=b",
        "client_id=a&client_id=b", "client_secret=a&client_secret=b", "refresh_token=a&refresh_token=b",
    ])
    func duplicates(_ body: String) throws {
        #expect(Reading.token(body, Reading.form) == "400 duplicated parameter")
        let fault = #expect(throws: RequestFault.self) {
            try RequestReader.token(body: Array(body.utf8), contentType: Reading.form)
        }
        let answer = ErrorBody(try #require(fault))
        #expect(answer.error == "invalid_request")
        #expect(answer.errorDescription == "duplicated parameter")
    }

    /// ModelState is judged before duplicates.
    @Test func unreadableBeforeDuplicated() {
        #expect(
            Reading.token("username=a&username=b&WindowsAuthentication=x", Reading.form)
                == "400 body.WindowsAuthentication: The value 'x' is not valid for WindowsAuthentication."
        )
    }

    @Test func passwordsAreOctets() throws {
        let login = try RequestReader.login(body: Array("Password=%E4%FF%00+%2B".utf8), contentType: Reading.form)
        #expect(Reading.octets(login.password) == [0xE4, 0xFF, 0x00, 0x20, 0x2B])
        let raw = try RequestReader.token(body: Array("password=".utf8) + [0xE4, 0x80], contentType: Reading.form)
        #expect(Reading.octets(raw.password) == [0xE4, 0x80])
        let secret = try RequestReader.token(body: Array("client_secret=%80".utf8), contentType: Reading.form)
        #expect(Reading.octets(secret.client.secrets.first) == [0x80])
    }
}
