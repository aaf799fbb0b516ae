internal import Authentication

extension Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-11-22T06:17:04.123Z`.
    var text: String {
        let time = civil
        let clock = [time.hour, time.minute, time.second].map { Self.padded($0, 2) }
        return "\(Self.padded(time.year, 4))-\(Self.padded(time.month, 2))-\(Self.padded(time.day, 2))"
            + "T\(clock.joined(separator: ":")).\(Self.padded(time.millisecond, 3))Z"
    }

    private static func padded(_ number: Int, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
