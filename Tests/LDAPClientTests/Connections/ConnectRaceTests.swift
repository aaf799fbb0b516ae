import Testing

@testable import LDAPClient

@Suite struct ConnectRaceTests {
    @Test func oneAddressIsTriedOnce() {
        var race = ConnectRace(count: 1)
        #expect(race.begin() == [.start(0)])
        #expect(race.failed(0) == [.fail])
        #expect(race.failed(0).isEmpty)
    }

    @Test func noAddressFails() {
        var race = ConnectRace(count: 0)
        #expect(race.begin() == [.fail])
    }

    @Test func aFailureStartsTheNextAtOnce() {
        var race = ConnectRace(count: 3)
        #expect(race.begin() == [.start(0), .pause])
        #expect(race.failed(0) == [.start(1), .pause])
        #expect(race.connected(1) == [.succeed(1)])
        #expect(race.pauseElapsed().isEmpty)
    }

    @Test func silenceStartsTheNextBesideIt() {
        var race = ConnectRace(count: 3)
        _ = race.begin()
        #expect(race.pauseElapsed() == [.start(1), .pause])
        #expect(race.pauseElapsed() == [.start(2)])
        #expect(race.pauseElapsed().isEmpty)
        #expect(race.failed(1).isEmpty)
        #expect(race.connected(0) == [.succeed(0)])
        #expect(race.connected(2).isEmpty)
        #expect(race.failed(2).isEmpty)
    }

    @Test func failsWhenAllHaveFailed() {
        var race = ConnectRace(count: 2)
        _ = race.begin()
        _ = race.pauseElapsed()
        #expect(race.failed(0).isEmpty)
        #expect(race.failed(1) == [.fail])
    }
}
