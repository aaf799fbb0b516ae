/// Finds on which line of a TOML file a key stands. TOMLKit tells positions for syntax errors only.
///
/// It reads headers and the keys before `=`, and steps over multi-line strings and arrays; a key it cannot
/// place has no line, which makes a message poorer but never wrong.
struct KeyLines {
    private var lines: [String: Int] = [:]

    /// Looks through a text that is already known to be valid TOML.
    init(_ text: String) {
        var scan = Scan()
        // Split as octets: "\r\n" is one Character, and a file from another system has them.
        for (index, octets) in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            let line = octets.last == 0x0D ? octets.dropLast() : octets
            scan.read(Substring(line), number: index + 1, into: &lines)
        }
    }

    /// The line of the key with that full path, for example `directory[2].groups.mode`.
    func line(of path: String) -> Int? {
        lines[path]
    }

    /// The line of the key, or of the nearest table around a key that is missing.
    func nearestLine(of path: String) -> Int? {
        var path = path[...]
        while !path.isEmpty {
            if let line = lines[String(path)] { return line }
            guard let dot = path.lastIndex(of: ".") else { return nil }
            path = path[..<dot]
        }
        return nil
    }
}

private struct Scan {
    private var prefix = ""
    private var arrays: [String: Int] = [:]
    private var depth = 0
    private var openString: String?

    mutating func read(_ line: Substring, number: Int, into lines: inout [String: Int]) {
        var rest = line[...]
        if depth == 0, openString == nil {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if trimmed.first == "[" {
                header(trimmed, number: number, into: &lines)
                return
            }
            guard trimmed.first != "#", let equals = trimmed.firstIndex(of: "=") else { return }
            let key = Self.plain(trimmed[..<equals])
            let path = prefix.isEmpty ? key : "\(prefix).\(key)"
            if lines[path] == nil { lines[path] = number }
            rest = trimmed[trimmed.index(after: equals)...]
        }
        skipValue(rest)
    }

    private mutating func header(_ line: Substring, number: Int, into lines: inout [String: Int]) {
        let isArray = line.hasPrefix("[[")
        let name = Self.plain(line.drop { $0 == "[" }.prefix { $0 != "]" })
        if isArray {
            arrays[name, default: 0] += 1
            prefix = "\(name)[\(arrays[name, default: 1])]"
        } else if let dot = name.firstIndex(of: "."), let count = arrays[String(name[..<dot])] {
            prefix = "\(name[..<dot])[\(count)]\(name[dot...])"
        } else {
            prefix = name
        }
        if lines[prefix] == nil { lines[prefix] = number }
    }

    /// Follows brackets and quotes to the end of the line, so that what lies inside is not taken for a key.
    private mutating func skipValue(_ value: Substring) {
        var rest = value
        while let character = rest.first {
            if let quote = openString {
                if quote.count == 1 || quote.first == "\"", character == "\\", quote.first == "\"" {
                    rest = rest.dropFirst(2)
                } else if rest.hasPrefix(quote) {
                    openString = nil
                    rest = rest.dropFirst(quote.count)
                } else {
                    rest = rest.dropFirst()
                }
                continue
            }
            switch character {
            case "#": return
            case "\"", "'":
                let triple = String(repeating: character, count: 3)
                openString = rest.hasPrefix(triple) ? triple : String(character)
                rest = rest.dropFirst(openString?.count ?? 1)
                continue
            case "[", "{": depth += 1
            case "]", "}": depth = max(0, depth - 1)
            default: break
            }
            rest = rest.dropFirst()
        }
        if openString?.count == 1 { openString = nil }
    }

    private static func plain(_ text: Substring) -> String {
        String(text.filter { $0 != " " && $0 != "\t" && $0 != "\"" && $0 != "'" })
    }
}
