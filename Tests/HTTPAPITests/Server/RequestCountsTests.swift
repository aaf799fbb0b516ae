import Testing

@testable import HTTPAPI

@Suite struct RequestCountsTests {
    @Test(arguments: [
        (Duration.zero, 0), (.microseconds(100), 0), (.microseconds(101), 1), (.milliseconds(7), 5), (.seconds(10), 14),
        (.seconds(11), 15), (.seconds(-1), 0),
    ])
    func anAnswerFallsInItsBucket(_ took: Duration, _ place: Int) throws {
        let counts = RequestCounts(paths: ["/token"])
        counts.counter(of: "/token").count(status: 200, took: took)
        let token = try #require(counts.snapshot.first { $0.path == "/token" })
        #expect(token.times.firstIndex(of: 1) == place)
        #expect(token.times.reduce(0, +) == 1)
        #expect(token.time == max(.zero, took))
        let other = try #require(counts.snapshot.last)
        #expect(other.path == "other" && other.times.allSatisfy { $0 == 0 })
    }

    @Test func boundsGrow() {
        #expect(EndpointStatistics.timeBounds == EndpointStatistics.timeBounds.sorted())
    }
}
