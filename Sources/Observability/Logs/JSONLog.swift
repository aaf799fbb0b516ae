internal import Authentication
internal import Logging

/// One JSON object (RFC 8259) a line: `time`, `level`, `logger`, `message`, then the fields by their names.
struct JSONLog: LogDestination {
    let file: LineFile

    /// Ours; a field of such a name, or a second one of the same, gets a `_` behind it, because a name may stand once.
    private static let reserved: Set<String> = ["time", "level", "logger", "message"]

    func encode(_ record: LogRecord) -> LogEntry {
        var line = "{\"time\":\"\(record.time.text)\",\"level\":\"\(record.level.rawValue)\",\"logger\":"
        Self.append(record.label, to: &line)
        line += ",\"message\":"
        Self.append(record.message, to: &line)
        var used = Self.reserved
        for (name, value) in record.fields {
            var free = name
            while !used.insert(free).inserted { free += "_" }
            line += ","
            Self.append(free, to: &line)
            line += ":"
            switch value {
            case .text(let text): Self.append(text, to: &line)
            case .number, .fraction: line += value.description
            }
        }
        line += "}\n"
        return LogEntry(bytes: Array(line.utf8))
    }

    func write(_ entries: [LogEntry]) { file.write(entries) }

    /// A JSON string; beyond what RFC 8259 §7 asks, everything invisible is escaped, because people look at logs too.
    private static func append(_ text: String, to line: inout String) {
        line += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": line += "\\\""
            case "\\": line += "\\\\"
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case _ where LogText.needsEscape(scalar):
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16)
                    line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            default: line.unicodeScalars.append(scalar)
            }
        }
        line += "\""
    }
}
