import Authentication

/// Moments as people read them.
enum DateText {
    /// `2026-11-22 06:40:00 UTC`.
    static func utc(_ moment: Timestamp) -> String {
        let time = moment.civil
        let date = "\(time.year)-\(two(time.month))-\(two(time.day))"
        return "\(date) \(two(time.hour)):\(two(time.minute)):\(two(time.second)) UTC"
    }

    private static func two(_ number: Int) -> String {
        number < 10 ? "0\(number)" : String(number)
    }
}
