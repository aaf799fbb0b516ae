import FoundationEssentials
import HTTPAPI
import Testing
import Tokens

/// Authorization headers and what they make of a request.
struct AuthorizationTests {
    static func basic(_ text: String) -> String {
        "Basic " + Data(text.utf8).base64EncodedString()
    }

    @Test(arguments: [
        ("Bearer abc.def", "abc.def"), ("bearer abc", "abc"), ("BEARER   abc ", "abc"), ("Bearer", ""),
    ])
    func bearer(_ header: String, _ token: String) throws {
        #expect(try RequestReader.login(body: [], contentType: nil, authorization: header).bearer == token)
        // At the other endpoint it means nothing.
        #expect(try RequestReader.token(body: [], contentType: nil, authorization: header).client.id == nil)
    }

    @Test(arguments: [basic("a:b"), "Negotiate YII=", "", "Bearerx abc"])
    func noBearer(_ header: String) throws {
        #expect(try RequestReader.login(body: [], contentType: nil, authorization: header).bearer == nil)
    }

    /// Form-decoded first, then raw.
    @Test(arguments: [
        ("web:s3", ["web"], ["s3"]), ("web:", ["web"], [""]), (":s3", [""], ["s3"]), ("web:a:b", ["web"], ["a:b"]),
        ("web:p%40ss", ["web", "web"], ["p@ss", "p%40ss"]), ("my+app:s", ["my app", "my+app"], ["s", "s"]),
        ("ä:ö", ["ä"], ["ö"]),
    ])
    func client(_ text: String, _ ids: [String], _ secrets: [String]) throws {
        let client = try RequestReader.token(body: [], contentType: nil, authorization: Self.basic(text)).client
        #expect(client.method == .basic)
        #expect(client.id == ids.first)
        #expect(client.alternativeIDs == ids)
        #expect(client.secrets.map { Reading.text($0) } == secrets)
    }

    /// Base64 of every length, with and without padding, against Foundation's.
    @Test func base64() throws {
        for count in 0..<64 {
            let text = "u:" + String((0..<count).map { _ in Character(Unicode.Scalar(UInt8.random(in: 33...126))) })
            for header in [Self.basic(text), Self.basic(text).filter { $0 != "=" }] {
                guard case .basic(let found?) = AuthorizationHeader(header) else {
                    Issue.record("\(header) was not read")
                    continue
                }
                #expect(found.userID == "u")
                #expect("u:" + (Reading.text(found.password) ?? "") == text)
            }
        }
    }

    /// One that cannot be read is a client nobody knows, not a client that was not named.
    @Test(arguments: ["Basic", "Basic !!!", "Basic YQ==", "Basic YTpi=", "basic YTpiY", "Basic =YTpi"])
    func unreadable(_ header: String) throws {
        let client = try RequestReader.token(body: [], contentType: nil, authorization: header).client
        #expect(client.method == .basic)
        #expect(client.id == "")
        #expect(client.alternativeIDs == [""])
        #expect(client.secrets.isEmpty)
    }

    @Test func bothMethodsAtOnce() throws {
        let header = Self.basic("web:s3")
        for body in ["client_id=web&", "client_secret=s3&", "client_id=web&client_secret=s3&"] {
            #expect(
                Reading.token(body + "grant_type=password", Reading.form, authorization: header)
                    == "400 Only one client authentication method may be used"
            )
        }
        // A missing or unknown grant is told first, by Tokens.
        #expect(Reading.token("client_id=web", Reading.form, authorization: header).hasPrefix("client_id=web"))
        #expect(
            Reading.token("client_id=x&grant_type=magic", Reading.form, authorization: header).contains(
                "grant_type=magic"
            )
        )
        // Empty ones are not there.
        #expect(
            Reading.token("client_id=&client_secret=&grant_type=password", Reading.form, authorization: header)
                == "client_id=web client_secret=s3 grant_type=password"
        )
        #expect(
            Reading.token(
                #"{"client_id":"","client_secret":"","grant_type":"password"}"#,
                Reading.json,
                authorization: header
            )
                == "client_id=web client_secret=s3 grant_type=password"
        )
    }

    @Test func credentialsHaveNoDescription() {
        #expect(!String(reflecting: AuthorizationHeader(Self.basic("web:hunter2"))).contains("hunter2"))
    }
}
