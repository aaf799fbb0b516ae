import Testing

@testable import HTTPAPI

@Suite("Request targets")
struct RequestTargetTests {
    @Test(
        arguments: [
            ("/token", "/token", nil), ("/Token/?a=b?c#d", "/Token/", "a=b?c"), ("http://h:80/a/b?x", "/a/b", "x"),
            ("http://h", "/", nil), ("http://h?x", "", "x"), ("*", "*", nil), ("/a?u=http://h/b", "/a", "u=http://h/b"),
            ("", "", nil),
        ] as [(String, String, String?)]
    )
    func parts(_ text: String, _ path: String, _ query: String?) {
        let target = RequestTarget(text)
        #expect(target.path == path)
        #expect(target.query == query)
    }

    @Test(arguments: [
        ("/TOKEN", "/token"), ("/token/", "/token"), ("/%74oken", "/token"), ("/token%2F", ""),
        ("/api%2fv1/auth/token", ""), ("/", "/"),
        ("/token//", "/token/"), ("/a%", ""), ("/a%4", ""), ("/a%zz", ""), ("/%ff", ""), ("/ä", "/ä"),
    ])
    func key(_ path: String, _ key: String) {
        #expect(RequestTarget(path).key == key)
    }

    @Test(
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_709_208_000, "Thu, 29 Feb 2024 12:00:00 GMT"), (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] as [(Int64, String)]
    )
    func date(_ second: Int64, _ text: String) {
        #expect(HTTPDate.format(second) == text)
        #expect(HTTPDate().text(at: second) == text)
    }
}
