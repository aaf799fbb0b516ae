/// Durations ("500ms", "5s", "10m", "8h", "30d") and sizes ("64KiB") of the configuration file.
enum ConfigurationUnits {
    /// Reads a duration; nil when the text has not that form or is out of range (about 100 years).
    static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number <= 3_155_760_000_000 else { return nil }
        let milliseconds: Int64
        switch text.dropFirst(digits.count) {
        case "ms": milliseconds = 1
        case "s": milliseconds = 1000
        case "m": milliseconds = 60_000
        case "h": milliseconds = 3_600_000
        case "d": milliseconds = 86_400_000
        default: return nil
        }
        let (total, overflow) = number.multipliedReportingOverflow(by: milliseconds)
        return overflow || total > 3_155_760_000_000 ? nil : .milliseconds(total)
    }

    /// Reads a size in bytes; nil when the text has not that form.
    static func size(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let unit: Int
        switch text.dropFirst(digits.count) {
        case "B", "": unit = 1
        case "KiB": unit = 1 << 10
        case "MiB": unit = 1 << 20
        case "GiB": unit = 1 << 30
        default: return nil
        }
        let (total, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : total
    }

    /// The shortest spelling that reads back as the same duration.
    static func spell(_ duration: Duration) -> String {
        let milliseconds = duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
        for (unit, name) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")] as [(Int64, String)]
        where milliseconds != 0 && milliseconds % unit == 0 {
            return "\(milliseconds / unit)\(name)"
        }
        return milliseconds == 0 ? "0s" : "\(milliseconds)ms"
    }

    /// The shortest spelling that reads back as the same size.
    static func spell(size: Int) -> String {
        for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        where size != 0 && size % unit == 0 {
            return "\(size / unit)\(name)"
        }
        return "\(size)B"
    }
}
