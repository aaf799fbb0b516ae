import TestSupport
import Testing

@testable import PostgresClient

@Suite struct PasswordFileTests {
    /// One line end is the editor's; everything else belongs to the password.
    @Test(arguments: [
        ("pw", "pw"), ("pw\n", "pw"), ("pw\r\n", "pw"), ("pw\n\n", "pw\n"), ("pw\r", "pw\r"), (" pw ", " pw "),
        ("\n", nil), ("", nil), ("p\0w", nil),
    ]) func oneLineEndIsTakenOff(_ content: String, _ password: String?) throws {
        let folder = try TemporaryDirectory("ldapauthd-password")
        try folder.write(Array(content.utf8), to: "file")
        #expect(PasswordFile.read(folder.path(of: "file")) == password)
    }
}
