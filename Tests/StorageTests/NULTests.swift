import Testing

@testable import Storage

@Suite struct NULTests {
    @Test(arguments: [("", false), ("a", false), ("a\0", true), ("\0" + String(repeating: "x", count: 40), true)])
    func isFound(text: String, holdsOne: Bool) {
        #expect(text.containsNUL == holdsOne)
    }

    @Test func valuesReachTheirPlaceholders() throws {
        let connection = try SQLiteConnection(path: nil, readOnly: false)
        let values: [SQLValue] = [.integer(1), .text("two"), .bytes([3])]
        let rows = try connection.query("SELECT $3, $1, $2, $1", values)
        #expect(rows.map(\.values) == [[.bytes([3]), .integer(1), .text("two"), .integer(1)]])
        #expect(throws: (any Error).self) { try connection.query("SELECT $4", values) }
        // What is empty is there, wherever it stands, and shifts nothing.
        let odd: [SQLValue] = [.text(""), .bytes([]), .text("ä\u{FFFD}"), .null, .bytes([0, 255]), .text("")]
        #expect(try connection.query("SELECT $1, $2, $3, $4, $5, $6", odd).map(\.values) == [odd])
        #expect(try connection.query("SELECT $1", [.text("")]).map(\.values) == [[.text("")]])
        connection.close()
    }
}
