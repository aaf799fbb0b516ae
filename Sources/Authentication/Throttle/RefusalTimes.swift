/// How long refusals of one kind of question take, by their classes, and how long all of them should. Pure.
struct RefusalTimes: Sendable {
    /// What must not be told apart by its time.
    enum Class: Int, Sendable, CaseIterable {
        case unknown, wrong, other

        init(_ reason: Rejection.Reason) {
            switch reason {
            case .unknownUser: self = .unknown
            case .wrongPassword: self = .wrong
            default: self = .other
            }
        }
    }

    /// For a class that has not been seen.
    static let unseen = Duration.milliseconds(50)
    /// Nobody waits longer than this for being refused.
    static let longest = Duration.milliseconds(250)
    /// The percentile moves with so many refusals.
    static let memory = 64

    private struct Samples: Sendable {
        var times: [Duration] = []
        var next = 0
        var percentile = RefusalTimes.unseen

        mutating func add(_ time: Duration) {
            if times.count < RefusalTimes.memory { times.append(time) } else { times[next] = time }
            next = (next + 1) % RefusalTimes.memory
            let sorted = times.sorted()
            percentile = sorted[(sorted.count * 9 + 9) / 10 - 1]
        }
    }

    private var samples = [Samples](repeating: Samples(), count: Class.allCases.count)

    /// Notes how long a refusal took.
    mutating func add(_ time: Duration, _ kind: Class) {
        samples[kind.rawValue].add(time)
    }

    /// The largest of the 90th percentiles of all classes, at most `longest`.
    var floor: Duration {
        min(samples.map(\.percentile).max() ?? Self.unseen, Self.longest)
    }
}
