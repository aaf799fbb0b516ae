import Testing

@testable import Authentication

@Suite("How long refusals take")
struct RefusalTimesTests {
    @Test("50 ms while a class has not been seen, then the slowest class's 90th percentile, 250 ms at most")
    func floor() {
        var times = RefusalTimes()
        #expect(times.floor == .milliseconds(50))
        for _ in 0..<10 { times.add(.milliseconds(3), .unknown) }
        #expect(times.floor == .milliseconds(50), "wrong passwords may take longer, nobody knows yet")
        for kind in RefusalTimes.Class.allCases { for _ in 0..<64 { times.add(.milliseconds(5), kind) } }
        #expect(times.floor == .milliseconds(5))
        for number in 0..<64 { times.add(.milliseconds(number < 7 ? 900 : 20), .wrong) }
        #expect(times.floor == .milliseconds(250))
        for _ in 0..<64 { times.add(.milliseconds(80), .wrong) }
        #expect(times.floor == .milliseconds(80))
        for number in 0..<64 { times.add(.milliseconds(number < 6 ? 900 : 20), .wrong) }
        #expect(times.floor == .milliseconds(20), "a tenth may be slower")
    }

    @Test("Reasons fall into the classes that are compared")
    func classes() {
        for reason in Rejection.Reason.allCases {
            let expected: RefusalTimes.Class =
                switch reason {
                case .unknownUser: .unknown
                case .wrongPassword: .wrong
                default: .other
                }
            #expect(RefusalTimes.Class(reason) == expected)
        }
    }
}
