import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPAPI

@Suite("Request assembler")
struct RequestAssemblerTests {
    private func head(_ headers: [(String, String)], version: HTTPVersion = .http1_1) -> HTTPServerRequestPart {
        .head(HTTPRequestHead(version: version, method: .POST, uri: "/", headers: HTTPHeaders(headers)))
    }

    private func name(_ event: RequestAssembler.Event) -> String {
        switch event {
        case .nothing: "nothing"
        case .continueExpected: "continue"
        case .request(_, let body): "request \(String(buffer: body))"
        case .tooLarge: "too large"
        case .malformed: "malformed"
        }
    }

    @Test func requestsOneAfterAnother() {
        var assembler = RequestAssembler(maxBody: 6)
        for text in ["abc", "def"] {
            #expect(name(assembler.take(head([("Host", "h"), ("Content-Length", "6")]))) == "nothing")
            #expect(assembler.isReceiving)
            #expect(name(assembler.take(.body(ByteBuffer(string: text)))) == "nothing")
            #expect(name(assembler.take(.body(ByteBuffer(string: text)))) == "nothing")
            #expect(name(assembler.take(.end(nil))) == "request \(text)\(text)")
            #expect(!assembler.isReceiving)
        }
    }

    @Test func lengthIsCheckedFirst() {
        var assembler = RequestAssembler(maxBody: 6)
        #expect(name(assembler.take(head([("Host", "h"), ("Content-Length", "7")]))) == "too large")
        #expect(name(assembler.take(.body(ByteBuffer(string: "abc")))) == "nothing")
        #expect(name(assembler.take(.end(nil))) == "nothing")
    }

    @Test func chunksAreCounted() {
        var assembler = RequestAssembler(maxBody: 6)
        #expect(name(assembler.take(head([("Host", "h"), ("Transfer-Encoding", "chunked")]))) == "nothing")
        #expect(name(assembler.take(.body(ByteBuffer(string: "abcdef")))) == "nothing")
        #expect(name(assembler.take(.body(ByteBuffer(string: "g")))) == "too large")
        #expect(name(assembler.take(.end(nil))) == "nothing")
    }

    @Test(
        arguments: [
            ([("Host", "h"), ("Expect", "100-Continue"), ("Content-Length", "3")], HTTPVersion.http1_1, "continue"),
            ([("Host", "h"), ("Expect", "100-continue"), ("Transfer-Encoding", "chunked")], .http1_1, "continue"),
            ([("Host", "h"), ("Expect", "100-continue"), ("Content-Length", "7")], .http1_1, "too large"),
            ([("Host", "h"), ("Expect", "100-continue")], .http1_1, "nothing"),
            ([("Expect", "100-continue"), ("Content-Length", "3")], .http1_0, "nothing"),
            ([], .http1_1, "malformed"), ([("Host", "a"), ("Host", "b")], .http1_1, "malformed"),
            ([], .http1_0, "nothing"),
        ] as [([(String, String)], HTTPVersion, String)]
    )
    func heads(_ headers: [(String, String)], _ version: HTTPVersion, _ expected: String) {
        var assembler = RequestAssembler(maxBody: 6)
        #expect(name(assembler.take(head(headers, version: version))) == expected)
    }
}
