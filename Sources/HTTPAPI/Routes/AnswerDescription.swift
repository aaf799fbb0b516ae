/// An answer as a reader is told of it.
struct AnswerDescription: Sendable {
    /// What the body is.
    enum Body: Sendable {
        /// There is none.
        case none
        /// JSON or XML, as negotiated.
        case negotiated(any DescribedBody & WireBody)
        /// JSON whatever the client accepts.
        case json(any DescribedBody)
        /// A whole document of that media type.
        case document(mediaType: String)
        /// The one error body, as negotiated.
        case error(ErrorBody)
    }

    /// A header worth knowing of.
    struct Header: Sendable, Hashable {
        let name: String
        /// What it holds, in a few words.
        let summary: String
        let sample: String
    }

    /// The status code.
    let status: Int
    /// When that is the answer, in one sentence.
    let summary: String
    /// Besides those that every answer has.
    let headers: [Header]
    /// A sample, from which its form can be read.
    let body: Body

    init(_ status: Int, _ summary: String, headers: [Header] = [], body: Body = .none) {
        self.status = status
        self.summary = summary
        self.headers = headers
        self.body = body
    }

    /// A refusal.
    init(_ error: ErrorBody, when summary: String) {
        self.init(
            error.status,
            summary,
            headers: error.headers.filter { $0.name != "Connection" }
                .map { Header(name: $0.name, summary: Self.condition($0.value), sample: $0.value) },
            body: .error(error)
        )
    }

    /// When a header is there, if not always.
    private static func condition(_ value: String) -> String {
        value == ErrorBody.basicChallenge ? "When `Authorization: Basic` was tried." : ""
    }
}
