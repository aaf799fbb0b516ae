import Authentication
import Foundation
import Logging
import Testing

@testable import Observability

/// The numbers by which an administrator finds events in the journal: the same in the program and wherever they are written.
@Suite struct MessageIDTests {
    private static let repository = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    private static let ids = Set(AuditEvent.Kind.allCases.map(\.messageID))

    /// Every word of 32 hexadecimal digits in the files of a folder, or in one file.
    private static func words(in place: String) throws -> [String: [String]] {
        var files = [place]
        if let names = FileManager.default.enumerator(atPath: "\(repository)/\(place)") {
            files += names.compactMap { $0 as? String }.map { "\(place)/\($0)" }
        }
        var found: [String: [String]] = [:]
        for file in files {
            guard let text = try? String(contentsOfFile: "\(repository)/\(file)", encoding: .utf8) else { continue }
            for word in text.split(whereSeparator: { !$0.isASCII || !($0.isLetter || $0.isNumber) })
            where word.count == 32 && word.allSatisfy(\.isHexDigit) && word.contains(where: \.isLetter) {
                found[String(word).lowercased(), default: []].append(file)
            }
        }
        return found
    }

    @Test func theSourcesHaveThoseOfTheKindsAndNoOther() throws {
        let found = try Self.words(in: "Sources")
        #expect(Set(found.keys) == Self.ids, "\(found)")
        #expect(found.values.allSatisfy { $0.count == 1 }, "written down once: \(found)")
    }

    @Test(arguments: ["docs", "packaging", "systemd", "etc", "README.md", "CHANGELOG.md", "SECURITY.md"])
    func whateverNamesOneNamesOneThatExists(_ place: String) throws {
        let found = try Self.words(in: place)
        #expect(Set(found.keys).isSubset(of: Self.ids), "\(found)")
        if place == "docs" { #expect(Set(found.keys) == Self.ids) }
    }

    /// The rows below `| event | MESSAGE_ID | level |`, whole: none is missing, none is wrong, none is left over.
    @Test func theTableOfTheGuideIsTheKinds() throws {
        let guide = try String(contentsOfFile: "\(Self.repository)/docs/operations.md", encoding: .utf8)
        let lines = guide.split(separator: "\n", omittingEmptySubsequences: false)
        let head = try #require(lines.firstIndex { $0.hasPrefix("| `event` | `MESSAGE_ID` | level |") })
        let rows = lines[(head + 2)...].prefix { $0.hasPrefix("|") }.map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces).replacing("`", with: "") }
        }
        let told = rows.map { row in
            // What follows the level explains it.
            [row[0], row[1], String(row[2].prefix { $0 != ";" })]
        }
        let known = AuditEvent.Kind.allCases.map { kind in
            let level = AuditLog.record(of: AuditEvent(kind), at: Timestamp(seconds: 0)).level
            return [kind.rawValue, kind.messageID, level.rawValue]
        }
        #expect(Set(told) == Set(known))
        #expect(told.count == known.count)
    }
}
