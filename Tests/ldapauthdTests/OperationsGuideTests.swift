import Authentication
import TestSupport
import Testing

@testable import ldapauthd

/// docs/operations.md names what the program says and how it ends.
@Suite struct OperationsGuideTests {
    private static let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")
    private static let guide = text(ofFile: "\(repository)/docs/operations.md")

    /// A message above info, as far as it is always the same, and its level.
    private struct Message: Hashable, CustomStringConvertible {
        var level: String
        var text: String
        var description: String { "\(level) “\(text)”" }
    }

    /// All files of the program, in one text.
    private static func sources() async throws -> String {
        let found = try await ChildProcess.run("find", ["\(repository)/Sources", "-name", "*.swift"])
        return found.output.split(separator: "\n").map { text(ofFile: String($0)) }.joined(separator: "\n")
    }

    /// What is logged under its own words.
    private static func logged(in source: String) -> Set<Message> {
        let call = /\b(?:logger|log)\.(notice|warning|error|critical)\(\s*"([^"\\]{4,})/
        return Set(source.matches(of: call).map { Message(level: String($0.output.1), text: String($0.output.2)) })
    }

    /// The table “What else the daemon says”: its messages, with the level of the row or the one behind the message.
    private static func told() throws -> [Message] {
        let section = try #require(guide.components("### What else the daemon says").last?.components("\n### ").first)
        return section.split(separator: "\n").flatMap { line -> [Message] in
            let cells = line.components(" | ")
            guard line.hasPrefix("| "), cells.count >= 3 else { return [] }
            let level = String(cells[0].dropFirst(2))
            return cells[1].matches(of: /`([^`]+)`(?: \(([a-z]+)\))?/).map { found in
                let text = found.output.1.replacing(/\s*…$/, with: "")
                return Message(level: found.output.2.map(String.init) ?? level, text: String(text))
            }
        }
    }

    @Test func everyMessageAboveInfoIsExplainedWithItsLevel() async throws {
        let logged = Self.logged(in: try await Self.sources())
        let told = try Self.told()
        #expect(logged.count > 35, "the sources are read")
        for message in logged {
            let rows = told.filter { $0.text.hasPrefix(message.text) || message.text.hasPrefix($0.text) }
            // One that is told beside another is explained with that.
            let isMentioned = rows.isEmpty && Self.guide.contains("`\(message.text)")
            #expect(
                isMentioned || rows.contains { $0.level == message.level },
                "\(message) is not in the table of docs/operations.md, which has \(rows)"
            )
        }
    }

    @Test func everyMessageOfTheTableExistsAtItsLevel() async throws {
        let source = try await Self.sources()
        let logged = Self.logged(in: source)
        let told = try Self.told()
        #expect(told.count > 40, "the table is read")
        for message in told {
            let same = logged.filter { $0.text.hasPrefix(message.text) || message.text.hasPrefix($0.text) }
            // A few are put together elsewhere and logged as a value.
            let isThere =
                same.isEmpty ? source.contains("\"\(message.text)") : same.contains { $0.level == message.level }
            #expect(isThere, "\(message) is told of, and the program has \(same)")
        }
    }

    /// What stands in `reason` of an audit line: the words that the rules give, in the tables of two pages.
    @Test func everyReasonOfTheAuditLineIsExplained() async throws {
        let folders = [
            "Tokens", "Authentication", "DirectoryAuth/KerberosSignOn.swift", "Negotiate/NegotiateError.swift",
        ]
        let found = try await ChildProcess.run(
            "find",
            folders.map { "\(Self.repository)/Sources/\($0)" } + ["-name", "*.swift"]
        )
        var reasons = Set(Rejection.Reason.allCases.map(\.rawValue))
        reasons.formUnion(PasswordRefusal.Reason.allCases.map(\.rawValue))
        // Written as account-waits and address-waits.
        reasons.remove(Rejection.Reason.throttled.rawValue)
        reasons.formUnion(["account-waits", "address-waits"])
        func words(_ source: String, behind mark: String) -> [String] {
            source.ranges(of: mark).map { String(source[$0.upperBound...].prefix { $0 != "\"" }) }
        }
        for file in found.output.split(separator: "\n") {
            let source = text(ofFile: String(file))
            reasons.formUnion(words(source, behind: "reason: \"") + words(source, behind: "reason = \""))
            if file.hasSuffix("/NegotiateError.swift") {
                // These are outages, and no fault of the ticket's.
                let codes = words(source, behind: " = Code(\"").filter {
                    !["keytab", "replay-cache", "kdc"].contains($0)
                }
                reasons.formUnion(codes.map { $0.hasPrefix("ticket-") ? $0 : "ticket-\($0)" })
            }
        }
        #expect(reasons.count > 40, "the sources are read")
        let pages = ["troubleshooting", "windows-sign-on"].map { text(ofFile: "\(Self.repository)/docs/\($0).md") }
        // The first column of a table.
        let told = pages.joined().split(separator: "\n").filter { $0.hasPrefix("| `") }
            .compactMap { $0.dropFirst(2).split(separator: " |").first }
        for reason in reasons.sorted() {
            #expect(told.contains { $0.contains("`\(reason)`") }, "`\(reason)` is explained nowhere")
        }
    }

    @Test func everyExitCodeIsExplained() throws {
        let section = try #require(Self.guide.components("## Exit codes").last)
        let told = section.split(separator: "\n").compactMap { line in
            line.hasPrefix("| ") ? Int(line.dropFirst(2).prefix { $0 != " " }) : nil
        }
        // 0 is nobody's failure, and 64 is ArgumentParser's own.
        let used = [0, 64] + (1...255).filter { CommandFailure.Code(rawValue: Int32($0)) != nil }
        #expect(Set(told) == Set(used))
    }
}

extension StringProtocol where SubSequence == Substring {
    fileprivate func components(_ separator: String) -> [Substring] { split(separator: separator) }
}
