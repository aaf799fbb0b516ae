import Foundation
import HTTPAPI
import Testing
import Tokens

/// What the writers write, read again by somebody else's readers: Python's json and ElementTree.
struct RoundTripTests {
    /// Reads `syntax hex` lines; answers each with the texts in it, in order, as hexadecimal, `-` for null.
    private static let script = """
        import sys, json, codecs
        import xml.etree.ElementTree as tree
        nil = '{http://www.w3.org/2001/XMLSchema-instance}nil'
        def out(values):
            print(' '.join('-' if v is None else 'x' + str(v).encode('utf-8').hex() for v in values))
        for line in sys.stdin:
            syntax, octets = line.split()
            octets = bytes.fromhex(octets)
            if syntax == 'json16':
                assert octets.startswith(codecs.BOM_UTF16_LE)
                octets = octets.decode('utf-16').encode('utf-8')
            if syntax.startswith('json'):
                pairs = json.loads(octets, object_pairs_hook=lambda pairs: pairs)
                out(v for p in sorted(pairs) for v in p)
            else:
                root = tree.fromstring(octets)
                names = [e.tag.split('}')[-1] for e in root]
                assert names == sorted(names), names
                out(v for e in root for v in (e.tag.split('}')[-1], None if e.get(nil) == 'true' else e.text or ''))
        """

    @Test(.timeLimit(.minutes(5)))
    func anotherReaderSeesTheSame() throws {
        var generator = FuzzTests.Generator(state: 7)
        var input = ""
        var expected: [String] = []
        for _ in 0..<150 {
            let model = TokenModel(
                accessToken: text(&generator),
                userID: .random(in: .min ... .max, using: &generator),
                firstName: Bool.random(using: &generator) ? text(&generator) : nil,
                lastName: text(&generator),
                sessionNumber: .random(in: .min ... .max, using: &generator)
            )
            let members: [(String, String?)] = [
                ("DTTSessionId", "\(model.sessionNumber)"), ("access_token", model.accessToken),
                ("firstName", model.firstName), ("lastName", model.lastName), ("userId", "\(model.userID)"),
            ]
            for (name, syntax, encoding) in [
                ("json", .json, .utf8), ("json16", .json, .utf16), ("xml", .xml, .utf8), ("xml", .xml, .utf16),
            ] as [(String, ResponseFormat.Syntax, TextEncoding)] {
                let octets = ResponseFormat(syntax, mediaType: "x/y", encoding: encoding).encode(model)
                input += "\(name) \(hexadecimal(octets))\n"
                expected.append(
                    members.map { member, value in
                        let shown = value.map { syntax == .xml ? carried($0) : $0 }
                        return "x\(hexadecimal(member.utf8)) \(shown.map { "x" + hexadecimal($0.utf8) } ?? "-")"
                    }.joined(separator: " ")
                )
            }
        }
        let answers = try python(input).split(separator: "\n").map(String.init)
        #expect(answers.count == expected.count)
        for (answer, expectation) in zip(answers, expected) {
            #expect(answer == expectation)
        }
    }

    /// A short text of characters that need care, and of others.
    private func text(_ generator: inout FuzzTests.Generator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            let range: ClosedRange<UInt32> =
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: 0...0x1F
                case 1: 0x20...0x7F
                case 2: 0x80...0xFFFF
                default: 0x10000...0x10FFFF
                }
            if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &generator)) {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// What is left of a text once XML 1.0 has carried it.
    private func carried(_ text: String) -> String {
        var carried = ""
        for scalar in text.unicodeScalars {
            let isForbidden = scalar.value < 0x20 && !"\t\n\r".unicodeScalars.contains(scalar)
            carried.unicodeScalars.append(isForbidden || scalar.value & 0xFFFF_FFFE == 0xFFFE ? "\u{FFFD}" : scalar)
        }
        return carried
    }

    private func hexadecimal(_ octets: some Sequence<UInt8>) -> String {
        octets.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private func python(_ input: String) throws -> String {
        let file = FileManager.default.temporaryDirectory.appending(path: "formats-\(UUID().uuidString)")
        try Data(input.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", Self.script]
        process.standardInput = try FileHandle(forReadingFrom: file)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let answer = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "python3 refused what was written")
        return String(decoding: answer, as: UTF8.self)
    }
}
