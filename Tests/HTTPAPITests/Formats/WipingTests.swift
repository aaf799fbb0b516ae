import Authentication
import Testing
import Tokens

@testable import HTTPAPI

/// Buffers that held a secret hold zeros afterwards, and are the very buffers: a copy wiped in their stead lies elsewhere.
struct WipingTests {
    private func place(_ octets: [UInt8]) -> UnsafeRawPointer? { octets.withUnsafeBytes { $0.baseAddress } }

    private func expectWiped(_ octets: [UInt8], since before: UnsafeRawPointer?) {
        #expect(octets.allSatisfy { $0 == 0 })
        #expect(place(octets) == before)
    }

    @Test(arguments: [
        (Reading.form, "UserName=a&Password=g%65heim"),
        (Reading.json, #"{"UserName":"a","Password":"geheim"}"#),
        (Reading.json, #"{"UserName":"a","Password":"g\u0065heim"}"#),
        (
            Reading.xml,
            #"<LoginBinding xmlns="http://schemas.datacontract.org/2004/07/TechExcel.DevTrackApi.Bindings">"#
                + "<Password>geheim</Password></LoginBinding>"
        ),
    ])
    func bodies(_ type: String, _ text: String) throws {
        var body = Array(text.utf8)
        let before = place(body)
        let request = try body.lendAndWipe { try RequestReader.login(body: $0, contentType: type) }
        #expect(Reading.text(request.password) == "geheim")
        expectWiped(body, since: before)
    }

    @Test(arguments: ["web:geheim", "web:g%65heim", "geheim"])
    func basic(_ text: String) {
        var octets = Array(text.utf8)
        let before = place(octets)
        let credentials = BasicCredentials(wiping: &octets)
        #expect((credentials?.client.secrets.first).flatMap(Reading.text) == (text == "geheim" ? nil : "geheim"))
        expectWiped(octets, since: before)
    }

    @Test func formValues() {
        var values = BodyValues(schema: .login)
        var (password, name) = (Array("geheim".utf8), Array("alice".utf8))
        let before = place(password)
        guard let passwordIndex = values.index(of: "password".utf8), let nameIndex = values.index(of: "username".utf8)
        else {
            Issue.record("no such members")
            return
        }
        values.bind(passwordIndex, formValue: &password)
        values.bind(nameIndex, formValue: &name)
        #expect(Reading.text(values.secret("Password")) == "geheim")
        #expect(values.text("UserName") == "alice")
        expectWiped(password, since: before)
    }
}
