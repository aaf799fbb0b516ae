import Testing

@testable import PostgresClient

@Suite("What is kept prepared")
struct StatementCacheTests {
    @Test("One name for one text; a type that becomes known makes a new one and drops the old")
    func types() {
        var cache = StatementCache(limit: 10)
        let first = cache.plan("a", [.null, .text("x")])
        #expect(first == StatementCache.Plan(name: "s1", prepare: [0, PostgresType.text]))
        #expect(cache.plan("a", [.null, .null]) == StatementCache.Plan(name: "s1"))
        let second = cache.plan("a", [.int8(1), .null])
        #expect(
            second == StatementCache.Plan(name: "s2", prepare: [PostgresType.int8, PostgresType.text], drop: ["s1"])
        )
        #expect(cache.plan("a", [.null, .text("y")]) == StatementCache.Plan(name: "s2"))
        // Another type at the same place.
        #expect(cache.plan("a", [.text("1"), .null]).drop == ["s2"])
        // Another number of values: the server refuses it, and what was right before still is.
        #expect(cache.plan("a", []).prepare == [])
        #expect(cache.count == 1)
    }

    @Test("The one not used for longest makes room; one that failed is forgotten")
    func bound() {
        var cache = StatementCache(limit: 2)
        _ = cache.plan("a", [.int8(1)])
        _ = cache.plan("b", [.int8(1)])
        _ = cache.plan("a", [.int8(1)])
        #expect(cache.plan("c", [.int8(1)]).drop == ["s2"])
        #expect(cache.count == 2)
        #expect(cache.plan("a", [.int8(1)]).prepare == nil)
        cache.forget("s1")
        #expect(cache.plan("a", [.int8(1)]).prepare == [PostgresType.int8])
    }

    @Test(
        "The SQLSTATE in what libpq says of a failed connect, in any language",
        arguments: [
            ("connection to server at \"127.0.0.1\", port 5: FATAL:  28P01: password authentication failed", "28P01"),
            ("Verbindung fehlgeschlagen: FATAL:  3D000: Datenbank »x« existiert nicht", "3D000"),
            ("connection to server at \"h\" (1.2.3.4), port 12345 failed: Connection refused", nil),
            ("SSL error: certificate verify failed", nil),
        ]
    )
    func state(_ text: String, _ state: String?) {
        #expect(PostgresAttempt.sqlState(in: text) == state)
    }
}
