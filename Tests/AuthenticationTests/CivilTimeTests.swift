import Authentication
import Testing

@Suite struct CivilTimeTests {
    @Test(
        arguments: [
            (0, "1970-1-1 0:0:0.0 4"), (784_111_777_000, "1994-11-6 8:49:37.0 0"),
            (1_709_208_000_999, "2024-2-29 12:0:0.999 4"), (951_782_400_000, "2000-2-29 0:0:0.0 2"),
            (4_107_542_399_999, "2100-2-28 23:59:59.999 0"), (4_107_542_400_000, "2100-3-1 0:0:0.0 1"),
            (-1, "1969-12-31 23:59:59.999 3"), (-86_400_000, "1969-12-31 0:0:0.0 3"),
            (-62_135_596_800_001, "0-12-31 23:59:59.999 0"), (253_402_300_799_999, "9999-12-31 23:59:59.999 5"),
        ] as [(Int64, String)]
    )
    func moments(_ milliseconds: Int64, _ text: String) {
        let time = Timestamp(milliseconds: milliseconds).civil
        let date = "\(time.year)-\(time.month)-\(time.day)"
        let clock = "\(time.hour):\(time.minute):\(time.second).\(time.millisecond)"
        #expect("\(date) \(clock) \(time.weekday)" == text)
    }
}
