/// A moment in UTC as calendars and clocks show it.
public struct CivilTime: Sendable, Hashable {
    /// Of the Gregorian calendar, also before there was one.
    public let year: Int
    /// 1 to 12.
    public let month: Int
    /// 1 to 31.
    public let day: Int
    /// 0 to 23.
    public let hour: Int
    /// 0 to 59.
    public let minute: Int
    /// 0 to 59.
    public let second: Int
    /// 0 to 999.
    public let millisecond: Int
    /// 0 is Sunday, 6 Saturday.
    public let weekday: Int
}

extension Timestamp {
    /// This moment in UTC: days reckoned from a 1 March in eras of 400 years (Howard Hinnant, "chrono-Compatible
    /// Low-Level Date Algorithms").
    public var civil: CivilTime {
        let days = Self.floor(milliseconds, 86_400_000)
        let rest = Int(milliseconds - days * 86_400_000)
        let shifted = days + 719_468
        let era = Self.floor(shifted, 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return CivilTime(
            year: Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0)),
            month: Int(month),
            day: Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1),
            hour: rest / 3_600_000,
            minute: rest / 60_000 % 60,
            second: rest / 1000 % 60,
            millisecond: rest % 1000,
            // 1970-01-01 was a Thursday.
            weekday: Int(days + 4 - Self.floor(days + 4, 7) * 7)
        )
    }

    private static func floor(_ number: Int64, _ divisor: Int64) -> Int64 {
        number / divisor - (number % divisor < 0 ? 1 : 0)
    }
}
