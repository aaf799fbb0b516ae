internal import Authentication
internal import Synchronization

extension Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-11-22T06:17:04.123Z`.
    var text: String {
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Adds the same to a line. All but the milliseconds is made once a second.
    func append(to line: inout [UInt8]) {
        let second = (milliseconds - (milliseconds % 1000 + 1000) % 1000) / 1000
        line += Self.cached.withLock { cached in
            if cached.second != second { cached = (second, Self.wholeSeconds(civil)) }
            return cached.text
        }
        Self.append(Int(milliseconds - second * 1000), 3, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    private static let cached = Mutex<(second: Int64, text: [UInt8])>((.min, []))

    private static func wholeSeconds(_ time: CivilTime) -> [UInt8] {
        var text: [UInt8] = []
        for (number, digits, end) in [
            (time.year, 4, "-"), (time.month, 2, "-"), (time.day, 2, "T"), (time.hour, 2, ":"), (time.minute, 2, ":"),
            (time.second, 2, "."),
        ] {
            append(number, digits, to: &text)
            text += end.utf8
        }
        return text
    }

    private static func append(_ number: Int, _ digits: Int, to line: inout [UInt8]) {
        let text = String(number)
        for _ in 0..<max(0, digits - text.utf8.count) { line.append(UInt8(ascii: "0")) }
        line += text.utf8
    }
}
