import Testing

@testable import ldapauthd

@Suite struct ConfigurationUnitsTests {
    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("5s", .seconds(5)), ("10m", .seconds(600)), ("8h", .seconds(28800)),
        ("30d", .seconds(30 * 86400)), ("0s", .zero),
    ])
    func readsDurations(text: String, duration: Duration) {
        #expect(ConfigurationUnits.duration(text) == duration)
        #expect(ConfigurationUnits.duration(ConfigurationUnits.spell(duration)) == duration)
    }

    @Test(arguments: ["", "5", "s", "5 s", "-5s", "5.5s", "5S", "5min", "99999999999999d", "٣s", "1e3s"])
    func refusesWhatIsNoDuration(text: String) {
        #expect(ConfigurationUnits.duration(text) == nil)
    }

    @Test(arguments: [("64KiB", 65536), ("19MiB", 19 << 20), ("1GiB", 1 << 30), ("512", 512), ("512B", 512)])
    func readsSizes(text: String, size: Int) {
        #expect(ConfigurationUnits.size(text) == size)
        #expect(ConfigurationUnits.size(ConfigurationUnits.spell(size: size)) == size)
    }

    @Test(arguments: ["", "KiB", "64KB", "-1", "64 KiB", "99999999999GiB"])
    func refusesWhatIsNoSize(text: String) {
        #expect(ConfigurationUnits.size(text) == nil)
    }
}
