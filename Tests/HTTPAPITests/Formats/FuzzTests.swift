import HTTPAPI
import Testing
import Tokens

/// Random octets and mutated samples: whatever comes in, a request or a 4xx comes out, soon.
struct FuzzTests {
    /// SplitMix64, so that a failure can be repeated.
    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }

    static let types = [
        Reading.json, Reading.xml, Reading.form, "text/xml; charset=utf-16", "text/json; charset=utf-16",
    ]
    static let samples = [
        "token-request.json", "token-request.xml", "token-request.form", "login.json", "login.xml", "login.form",
    ]
    static let fragments = [
        "\"", "\\u", "\\ud800", "{", "}", "[", "]", ",", ":", "null", "1e999", "-", "<", "</", ">", "<!DOCTYPE x [",
        "<!ENTITY a \"b\">", "&a;", "&#0;", "]]>", "<![CDATA[", "<?x?>", "xmlns=\"\"", "i:nil=\"true\"", "%", "%zz",
        "&",
        "=", "+", "\0", "\u{FEFF}", "\u{FFFF}",
    ]

    @Test(arguments: 0..<8)
    func randomOctets(_ seed: Int) async {
        var generator = Generator(state: UInt64(seed))
        for _ in 0..<200 {
            let count = Int.random(in: 1...120, using: &generator)
            await check((0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
    }

    @Test(arguments: samples)
    func mutatedSamples(_ name: String) async throws {
        let sample = try Golden.octets(name)
        var generator = Generator(state: UInt64(sample.count))
        for _ in 0..<300 {
            var body = sample
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutate(&body, &generator)
            }
            await check(body)
        }
    }

    /// Every prefix of every sample.
    @Test(arguments: samples)
    func cutSamples(_ name: String) async throws {
        let sample = try Golden.octets(name)
        for count in 0..<sample.count {
            await check(Array(sample.prefix(count)))
        }
    }

    /// Texts that make careless readers slow: none may take more than a moment at the size of the body limit.
    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            "[", "{\"a\":", "\"\\u0041", "&", "a=&", "%", "<a>", "<a ", "&amp;", "<a xmlns:a=\"b\">", "\\", "1", " ",
        ]
    )
    func monotonous(_ text: String) async {
        let body = Array(String(repeating: text, count: 65_536 / text.utf8.count).utf8)
        await check(body)
        await check(Array(#"{"x":"#.utf8) + body)
        await check(Array(#"{"UserName":""#.utf8) + body)
        await check(Array("<LoginBinding xmlns='\(XMLBindingTests.namespace)'>".utf8) + body)
    }

    /// As many different names as the body limit allows, each of which a table must hold.
    @Test(.timeLimit(.minutes(5)))
    func manyNames() async {
        let numbers = 0..<2000
        await check(Array(("{" + numbers.map { #""n\#($0)":1"# }.joined(separator: ",") + "}").utf8))
        await check(Array(numbers.map { "n\($0)=1" }.joined(separator: "&").utf8))
        let open = "<LoginBinding xmlns='\(XMLBindingTests.namespace)'"
        await check(Array((open + numbers.map { " n\($0)='1'" }.joined() + "/>").utf8))
        await check(Array((open + numbers.map { " xmlns:n\($0)='1'" }.joined() + "/>").utf8))
        await check(Array((open + ">" + numbers.map { "<n\($0)/>" }.joined() + "</LoginBinding>").utf8))
    }

    private func mutate(_ body: inout [UInt8], _ generator: inout Generator) {
        guard !body.isEmpty else {
            return
        }
        let index = Int.random(in: 0..<body.count, using: &generator)
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: body[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: body.remove(at: index)
        case 2: body.insert(contentsOf: (Self.fragments.randomElement(using: &generator) ?? "").utf8, at: index)
        case 3: body.removeSubrange(index..<min(index + 10, body.count))
        default: body.insert(contentsOf: body[index..<min(index + 20, body.count)], at: index)
        }
    }

    private func check(_ body: [UInt8]) async {
        // One thread of two for a while only: tests beside this one wait for answers.
        await Task.yield()
        for type in Self.types {
            expectRefusalOrRequest { () throws(RequestFault) in
                _ = try RequestReader.login(body: body, contentType: type)
            }
            expectRefusalOrRequest { () throws(RequestFault) in
                _ = try RequestReader.token(body: body, contentType: type)
            }
        }
    }

    private func expectRefusalOrRequest(_ read: () throws(RequestFault) -> Void) {
        do throws(RequestFault) {
            try read()
        } catch {
            let answer = ErrorBody(error)
            if answer.status != 400 || answer.modelState.contains(where: { $0.message.utf8.count >= 500 }) {
                Issue.record("an unexpected answer: \(answer)")
            }
        }
    }
}
