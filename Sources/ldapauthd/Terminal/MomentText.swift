import Authentication

/// Reads moments as people write them.
enum MomentText {
    /// RFC 3339 (a blank may stand for the T, seconds may be missing), what `DateText.utc` prints, or seconds since 1970; nil
    /// for anything else. Fractions of a second are cut off.
    static func parse(_ text: String) -> Timestamp? {
        if let seconds = Int64(text) { return plausible(seconds) }
        var rest = text[...]
        guard let year = number(&rest, 4), take("-", &rest), let month = number(&rest, 2), take("-", &rest),
            let day = number(&rest, 2), take("T", &rest) || take("t", &rest) || take(" ", &rest),
            let hour = number(&rest, 2), take(":", &rest), let minute = number(&rest, 2)
        else { return nil }
        var second = 0
        if take(":", &rest) {
            guard let value = number(&rest, 2) else { return nil }
            second = value
            if take(".", &rest) {
                guard rest.first?.isNumber == true else { return nil }
                rest = rest.drop { $0.isASCII && $0.isNumber }
            }
        }
        guard let offset = offset(rest), hour < 24, minute < 60, second <= 60 else { return nil }
        guard let days = days(year, month, day) else { return nil }
        return plausible(days * 86_400 + Int64(hour * 3600 + minute * 60 + second) - offset)
    }

    /// Beyond it no calendar of ours goes, and arithmetic stays far from its limits.
    private static func plausible(_ seconds: Int64) -> Timestamp? {
        (0...253_402_300_799).contains(seconds) ? Timestamp(seconds: seconds) : nil
    }

    /// `Z`, ` UTC`, `+01:00`, in seconds.
    private static func offset(_ text: Substring) -> Int64? {
        if text == "Z" || text == "z" || text == " UTC" { return 0 }
        var rest = text
        let isNegative = rest.first == "-"
        guard isNegative || rest.first == "+" else { return nil }
        rest.removeFirst()
        guard let hours = number(&rest, 2), take(":", &rest), let minutes = number(&rest, 2), rest.isEmpty, hours < 24,
            minutes < 60
        else { return nil }
        return Int64(hours * 3600 + minutes * 60) * (isNegative ? -1 : 1)
    }

    /// Since 1970-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"); nil for a day no month has.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64? {
        guard (1...12).contains(month), (1...31).contains(day) else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
        let read = Timestamp(seconds: days * 86_400).civil
        return read.month == month && read.day == day ? days : nil
    }

    private static func number(_ text: inout Substring, _ count: Int) -> Int? {
        let digits = text.prefix(count)
        guard digits.utf8.count == count, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        text = text.dropFirst(count)
        return Int(digits)
    }

    private static func take(_ character: Character, _ text: inout Substring) -> Bool {
        guard text.first == character else { return false }
        text.removeFirst()
        return true
    }
}
