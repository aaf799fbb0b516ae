internal import Authentication
internal import Logging

/// One line a record: time, level, logger, message, then `name=value` for each field.
///
/// Nothing that others wrote can end a line, add a field or steer a terminal: values that hold more than plain
/// characters are quoted, and what is not visible is escaped everywhere.
struct TextLog: LogDestination {
    let file: LineFile

    func encode(_ record: LogRecord) -> LogEntry {
        var line: [UInt8] = []
        line.reserveCapacity(512)
        record.time.append(to: &line)
        line.append(UInt8(ascii: " "))
        line += record.level.rawValue.utf8
        line.append(UInt8(ascii: " "))
        line += LogText.escaped(record.label).utf8
        line += ": ".utf8
        Self.append(bodyOf: record, to: &line)
        line.append(UInt8(ascii: "\n"))
        return LogEntry(bytes: line)
    }

    func write(_ entries: [LogEntry]) { file.write(entries) }

    /// Adds message and fields, without an end of line.
    static func append(bodyOf record: LogRecord, to line: inout [UInt8]) {
        let start = line.count
        // A message with an = in it could be read as a field.
        append(record.message, to: &line, mayHoldBlanks: true, mayBeEmpty: true)
        for (name, value) in record.fields {
            if line.count > start { line.append(UInt8(ascii: " ")) }
            append(name, to: &line)
            line.append(UInt8(ascii: "="))
            append(value.description, to: &line)
        }
    }

    /// Adds a text as it stands where that can be read back, and in quotes where not.
    private static func append(
        _ text: String,
        to line: inout [UInt8],
        mayHoldBlanks: Bool = false,
        mayBeEmpty: Bool = false
    ) {
        let standsAsItIs =
            isPlainASCII(text, mayHoldBlanks)
            || text.unicodeScalars.allSatisfy { isPlain($0) || mayHoldBlanks && $0 == " " }
        if standsAsItIs, mayBeEmpty || !text.isEmpty { line += text.utf8 } else { line += quoted(text).utf8 }
    }

    /// What nearly all texts are, found without taking scalars apart.
    private static func isPlainASCII(_ text: String, _ mayHoldBlanks: Bool) -> Bool {
        text.utf8.allSatisfy { octet in
            switch octet {
            case UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\"): false
            case UInt8(ascii: " "): mayHoldBlanks
            default: octet > 0x20 && octet < 0x7F
            }
        }
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
