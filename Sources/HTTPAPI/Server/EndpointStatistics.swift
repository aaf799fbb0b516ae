/// What one endpoint has answered since the start.
public struct EndpointStatistics: Sendable {
    /// The upper bounds of `times`, inclusive: from a token verified in memory (0.1 ms) to a whole login budget (10 s).
    public static let timeBounds: [Duration] = [
        .microseconds(100), .microseconds(500), .milliseconds(1), .microseconds(2500), .milliseconds(5),
        .milliseconds(10),
        .milliseconds(25), .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
        .milliseconds(2500), .seconds(5), .seconds(10),
    ]

    /// Its path without the base path; "other" for requests that met no endpoint.
    public let path: String
    /// Number of answers by status class, "2xx" to "5xx".
    public let answers: [(status: String, count: UInt64)]
    /// From the whole request to the answer, summed.
    public let time: Duration
    /// How many answers took at most so long as `timeBounds` says at the same place, and longer than the place before; the
    /// last, one more than there are bounds, those that took longer.
    public let times: [UInt64]
}
