// API: #expect(MarkdownLinks.broken(in: ["README.md"], of: repository).isEmpty)

import FoundationEssentials

/// Whether what pages of Markdown refer to is there: files, and headings in them.
public enum MarkdownLinks {
    /// A reference that leads nowhere.
    public struct Broken: Hashable, Sendable, CustomStringConvertible {
        /// The page it stands on.
        public var page: String
        /// What it names.
        public var target: String
        /// A sentence for whoever corrects it.
        public var description: String { "\(page) refers to \(target), which is not there" }
    }

    /// Where links of the pages lead that do not leave the machine; paths are below `folder`.
    public static func all(in pages: [String], of folder: String) -> [(page: String, target: String)] {
        pages.flatMap { page in
            links(in: prose(text(ofFile: "\(folder)/\(page)"))).filter { !isElsewhere($0) }.map { (page, $0) }
        }
    }

    /// References of the pages to files that are not there, or to headings that the file has not.
    public static func broken(in pages: [String], of folder: String) -> [Broken] {
        all(in: pages, of: folder).filter { !leads($0.target, from: $0.page, folder) }.map {
            Broken(page: $0.page, target: $0.target)
        }
    }

    /// The anchors of a page's headings, as GitHub makes them: lower case, no punctuation, hyphens for blanks, and a number
    /// behind the second of a name.
    public static func anchors(of markdown: String) -> Set<String> {
        var seen: [String: Int] = [:]
        var anchors: Set<String> = []
        for line in prose(markdown).split(separator: "\n") {
            guard let heading = line.wholeMatch(of: /#{1,6} +(.*?)\s*#*/)?.output.1 else { continue }
            // Of a link its text counts.
            let title = heading.replacing(/\[([^\]]*)\]\([^)]*\)/) { $0.output.1 }
            let slug = String(
                title.lowercased().filter { $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_" }
                    .map { $0 == " " ? "-" : $0 }
            )
            let count = seen[slug, default: 0]
            seen[slug] = count + 1
            anchors.insert(count == 0 ? slug : "\(slug)-\(count)")
        }
        for found in markdown.matches(of: /<a (?:id|name)="([^"]+)"/) { anchors.insert(String(found.output.1)) }
        return anchors
    }

    private static func isElsewhere(_ target: String) -> Bool {
        target.firstMatch(of: /^[a-z][a-z0-9+.-]*:/) != nil || target.hasPrefix("//")
    }

    private static func leads(_ target: String, from page: String, _ folder: String) -> Bool {
        let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var path = page
        if !parts[0].isEmpty {
            let place = page.split(separator: "/").dropLast().joined(separator: "/")
            // One from the root is a file of the machine, of whose files these are.
            path = normalized(place.isEmpty || parts[0].hasPrefix("/") ? parts[0] : "\(place)/\(parts[0])")
        }
        guard !path.hasPrefix(".."), FileManager.default.fileExists(atPath: "\(folder)/\(path)") else { return false }
        guard parts.count > 1 else { return true }
        return path.hasSuffix(".md") && anchors(of: text(ofFile: "\(folder)/\(path)")).contains(parts[1])
    }

    private static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }

    /// Inline links and images `[text](target)`, and definitions `[name]: target`.
    private static func links(in prose: String) -> [String] {
        let inline = prose.matches(of: /\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/).map { String($0.output.1) }
        let definitions = prose.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /^\s{0,3}\[[^\]]+\]:\s+<?([^\s>]+)/).map { String($0.output.1) }
        }
        return inline + definitions
    }

    /// Without what is code: fenced, indented, or within backticks.
    private static func prose(_ markdown: String) -> String {
        var fence: Substring?
        var lines: [Substring] = []
        var wasBlank = true
        for line in markdown.split(separator: "\n", omittingEmptySubsequences: false) {
            let mark = line.drop { $0 == " " }.prefix { $0 == "`" || $0 == "~" }
            if let open = fence {
                if mark.hasPrefix(open) { fence = nil }
                continue
            }
            if mark.count >= 3 {
                fence = mark
                continue
            }
            // Indented after a blank line; elsewhere a paragraph, or a list, goes on.
            let isCode = line.hasPrefix("    ") && wasBlank
            if !isCode {
                lines.append(line)
                wasBlank = line.allSatisfy(\.isWhitespace)
            }
        }
        return lines.joined(separator: "\n").replacing(/`[^`\n]*`/) { found in
            // A link may have code for its text, a heading code in its title.
            found.output.contains("](") ? "" : found.output.dropFirst().dropLast()
        }
    }
}
