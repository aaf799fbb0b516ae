/// What one endpoint has answered since the start.
public struct EndpointStatistics: Sendable {
    /// Its path without the base path; "other" for requests that met no endpoint.
    public let path: String
    /// Number of answers by status class, "2xx" to "5xx".
    public let answers: [(status: String, count: UInt64)]
    /// From the whole request to the answer, summed.
    public let time: Duration
}
