/// Times as directories write them (RFC 4517 §3.3.13): `20261122061300Z`, `20261122061300.0Z`, `202611220713+0100`.
public enum GeneralizedTime {
    /// Seconds since 1970-01-01 00:00 UTC, fractions dropped; nil when the text is no such time.
    public static func seconds(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        guard let year = number(4, &rest), let month = number(2, &rest), 1...12 ~= month, let day = number(2, &rest),
            1...daysOfMonth(month, year) ~= day, let hour = number(2, &rest), hour < 24
        else { return nil }
        let minute = number(2, &rest)
        let second = minute == nil ? nil : number(2, &rest)
        // 60 is a leap second.
        guard minute ?? 0 < 60, second ?? 0 <= 60, skipFraction(&rest), let offset = offset(&rest), rest.isEmpty else {
            return nil
        }
        let clock = hour * 3_600 + (minute ?? 0) * 60 + (second ?? 0)
        return Int64(daysSince1970(year, month, day) * 86_400 + clock - offset)
    }

    private static func number(_ count: Int, _ text: inout ArraySlice<UInt8>) -> Int? {
        let digits = text.prefix(count)
        guard digits.count == count, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        text = text.dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func skipFraction(_ text: inout ArraySlice<UInt8>) -> Bool {
        guard let sign = text.first, sign == UInt8(ascii: ".") || sign == UInt8(ascii: ",") else { return true }
        let digits = text.dropFirst().prefix { 0x30...0x39 ~= $0 }
        text = text.dropFirst(1 + digits.count)
        return !digits.isEmpty
    }

    /// Seconds east of UTC.
    private static func offset(_ text: inout ArraySlice<UInt8>) -> Int? {
        let sign = text.popFirst()
        if sign == UInt8(ascii: "Z") { return 0 }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), let hours = number(2, &text), hours < 24 else {
            return nil
        }
        let minutes = text.isEmpty ? 0 : number(2, &text)
        guard let minutes, minutes < 60 else { return nil }
        return (sign == UInt8(ascii: "+") ? 1 : -1) * (hours * 3_600 + minutes * 60)
    }

    private static func daysOfMonth(_ month: Int, _ year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days from the civil calendar, the year beginning in March so that the leap day comes last.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
