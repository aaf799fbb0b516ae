internal import NIOHTTP1

/// What a supervisor asks.
enum AdminEndpoints {
    /// `GET /healthz`: 200 while the process lives.
    static func health() -> Endpoint {
        Endpoint(
            method: .GET,
            path: "/healthz",
            summary: "200 while the process lives.",
            carriesCredentials: false,
            caching: .never,
            answers: [AnswerDescription(200, "It lives.")]
        ) { _ in
            .complete(
                OutgoingResponse(
                    .ok,
                    headers: [("Content-Type", "text/plain; charset=utf-8")],
                    body: Array("ok\n".utf8)
                )
            )
        }
    }

    /// `GET /readyz`: 200 while anybody can be let in, "degraded" when a source is down; 503 while nobody at all can.
    static func readiness(_ report: @escaping @Sendable () async -> ReadinessReport) -> Endpoint {
        Endpoint(
            method: .GET,
            path: "/readyz",
            summary: "The state of every source; 503 only while nobody at all can be let in.",
            carriesCredentials: false,
            caching: .never,
            answers: [
                AnswerDescription(200, "Somebody can be let in."), AnswerDescription(503, "Nobody can be let in."),
            ]
        ) { _ in
            let report = await report()
            return .complete(
                OutgoingResponse(
                    report.isReady ? .ok : .serviceUnavailable,
                    headers: [("Content-Type", ResponseFormat.json.contentType)],
                    body: report.json()
                )
            )
        }
    }

    /// `GET /metrics`: figures for Prometheus.
    static func metrics(_ page: @escaping @Sendable () async -> (type: String, page: [UInt8])) -> Endpoint {
        Endpoint(
            method: .GET,
            path: "/metrics",
            summary: "Figures for Prometheus.",
            carriesCredentials: false,
            caching: .never,
            answers: [AnswerDescription(200, "The figures.")]
        ) { _ in
            let (type, page) = await page()
            return .complete(OutgoingResponse(.ok, headers: [("Content-Type", type)], body: page))
        }
    }
}
