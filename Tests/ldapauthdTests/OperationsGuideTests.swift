import TestSupport
import Testing

@testable import ldapauthd

/// docs/operations.md names what the program says and how it ends.
@Suite struct OperationsGuideTests {
    private static let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")
    private static let guide = text(ofFile: "\(repository)/docs/operations.md")

    @Test func everyMessageAboveInfoIsExplained() async throws {
        let found = try await ChildProcess.run("find", ["\(Self.repository)/Sources", "-name", "*.swift"])
        var messages: [String] = []
        for file in found.output.split(separator: "\n") {
            let source = text(ofFile: String(file))
            for level in ["notice", "warning", "error", "critical"] {
                for place in source.ranges(of: "logger.\(level)(") + source.ranges(of: "log.\(level)(") {
                    let rest = source[place.upperBound...].drop(while: \.isWhitespace)
                    guard rest.first == "\"" else { continue }
                    // As far as it is always the same.
                    let literal = rest.dropFirst().prefix { $0 != "\"" && $0 != "\\" }
                    if literal.count > 3 { messages.append(String(literal)) }
                }
            }
        }
        #expect(messages.count > 25, "the sources are read")
        for message in messages {
            #expect(Self.guide.contains("`\(message)"), "“\(message)” is not in docs/operations.md")
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

extension String {
    fileprivate func components(_ separator: String) -> [Substring] { split(separator: separator) }
}
