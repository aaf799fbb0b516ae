import HTTPAPI
import Testing
import Tokens

/// Nulls, empty values and characters that need care.
struct WriterTests {
    static let xml = ResponseFormat(.xml, mediaType: "application/xml")

    private func json(_ body: some WireBody) -> String {
        String(decoding: ResponseFormat.json.encode(body), as: UTF8.self)
    }

    private func xml(_ body: some WireBody) -> String {
        String(decoding: Self.xml.encode(body), as: UTF8.self)
    }

    @Test func nulls() {
        let model = TokenModel(accessToken: "t", userID: .min, firstName: nil, lastName: nil, sessionNumber: .max)
        #expect(
            json(model)
                == #"{"access_token":"t","userId":-2147483648,"firstName":null,"lastName":null,"DTTSessionId":2147483647}"#
        )
        #expect(
            xml(model).contains(#"<firstName i:nil="true" /><lastName i:nil="true" /><userId>-2147483648</userId>"#)
        )
        let client = AccessTokenResponse(accessToken: "t", expiresIn: 1, isEditor: true)
        #expect(
            json(client)
                == #"{"access_token":"t","expires_in":1,"redirect_url":null,"ip":null,"is_editor":true,"refresh_expires_in":0,"#
                + #""refresh_token":null,"token_type":"Bearer","not_before_policy":0,"session_state":null,"scope":""}"#
        )
        #expect(xml(client).contains("<is_editor>true</is_editor>"))
        #expect(xml(client).contains("<scope />"))
    }

    @Test func noDirectories() {
        let setting = AuthenticationSetting(supportsLocalAccounts: true, supportsDirectories: false, directories: [])
        #expect(json(setting).contains(#""LDAPServers":[],"#))
        #expect(xml(setting).contains("<d2p1:LDAPServers />"))
    }

    @Test func severalDirectories() {
        let setting = AuthenticationSetting(
            supportsLocalAccounts: false,
            supportsDirectories: true,
            directories: [.init(id: 2, name: "b & c"), .init(id: 1, name: "a")]
        )
        #expect(json(setting).contains(#"[{"Id":2,"Name":"b & c"},{"Id":1,"Name":"a"}]"#))
        #expect(
            xml(setting).contains(
                "<NameIdPair><Id>2</Id><Name>b &amp; c</Name></NameIdPair><NameIdPair><Id>1</Id><Name>a</Name></NameIdPair>"
            )
        )
    }

    @Test(arguments: [
        ("a\"b\\c/d", #"a\"b\\c/d"#, "a\"b\\c/d"),
        ("<&>'", "<&>'", "&lt;&amp;&gt;'"),
        ("\u{8}\u{c}\n\r\t", #"\b\f\n\r\t"#, "\u{FFFD}\u{FFFD}\n&#xD;\t"),
        ("\0\u{1f}\u{7f}", "\\u0000\\u001f\u{7f}", "\u{FFFD}\u{FFFD}\u{7f}"),
        ("ä€😀\u{2028}", "ä€😀\u{2028}", "ä€😀\u{2028}"),
        ("\u{FFFE}\u{FFFF}\u{FFFD}", "\u{FFFE}\u{FFFF}\u{FFFD}", "\u{FFFD}\u{FFFD}\u{FFFD}"),
        ("]]>", "]]>", "]]&gt;"),
        ("e\u{301}", "e\u{301}", "e\u{301}"),
    ])
    func characters(_ text: String, _ inJSON: String, _ inXML: String) {
        let body = ErrorBody(status: 400, message: text)
        // Compared as octets: to Swift composed and decomposed characters are equal.
        #expect(Array(json(body).utf8) == Array(#"{"Message":"\#(inJSON)"}"#.utf8))
        #expect(Array(xml(body).utf8) == Array("<Error><Message>\(inXML)</Message></Error>".utf8))
    }

    @Test func severalModelStateEntries() {
        let fault = RequestFault(
            .unreadable,
            modelState: [ModelStateEntry(key: "login.A", message: "a"), ModelStateEntry(key: "login.B", message: "b")]
        )
        #expect(json(ErrorBody(fault)).contains(#""ModelState":{"login.A":["a"],"login.B":["b"]},"error""#))
        #expect(
            xml(ErrorBody(fault)).contains("<ModelState><login.A>a</login.A><login.B>b</login.B></ModelState><error>")
        )
    }
}
