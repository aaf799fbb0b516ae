internal import Authentication
internal import Logging

/// One line a record: time, level, logger, message, then `name=value` for each field.
///
/// Nothing that others wrote can end a line, add a field or steer a terminal: values that hold more than plain
/// characters are quoted, and what is not visible is escaped everywhere.
struct TextLog: LogDestination {
    let file: LineFile

    func encode(_ record: LogRecord) -> LogEntry {
        let line =
            "\(record.time.text) \(record.level.rawValue) \(LogText.escaped(record.label)): \(Self.body(of: record))\n"
        return LogEntry(bytes: Array(line.utf8))
    }

    func write(_ entries: [LogEntry]) { file.write(entries) }

    /// Message and fields, without an end of line.
    static func body(of record: LogRecord) -> String {
        // A message with an = in it could be read as a field.
        var line =
            record.message.unicodeScalars.allSatisfy { $0 == " " || isPlain($0) }
            ? record.message : quoted(record.message)
        for (name, value) in record.fields {
            line += line.isEmpty ? "" : " "
            line += name.unicodeScalars.allSatisfy(isPlain) && !name.isEmpty ? name : quoted(name)
            line += "="
            let text = value.description
            line += text.unicodeScalars.allSatisfy(isPlain) && !text.isEmpty ? text : quoted(text)
        }
        return line
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { result += "\\\"" } else { result += LogText.escaped(String(scalar)) }
        }
        return result + "\""
    }

    /// What can stand without quotes and be read back.
    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\"", "=", "\\", " ": false
        case _ where scalar.value < 0x80: scalar.value > 0x20 && scalar.value < 0x7F
        default: !LogText.needsEscape(scalar) && !scalar.properties.isWhitespace
        }
    }
}
