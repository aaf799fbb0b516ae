internal import NIOHTTP1

/// One row of the table that serves the routes: what is answered, where, and how a reader is told of it.
///
/// What a reader is told is what the handler works with: it gets at parameters and at the body only through the lists
/// here, and samples are values of the types it answers with. So pages made of this table cannot say something else
/// than what is served.
struct Endpoint: Sendable {
    /// Headers that tell caches what they may keep.
    enum Caching: Sendable {
        /// Never kept: tokens, good answers and bad ones alike (RFC 6749 §5.1).
        case never
        /// Up to the handler.
        case byHandler
    }

    /// Who must prove himself, and how; of several any one will do.
    enum Security: Sendable, Hashable {
        /// A client, by members of the body or by `Authorization: Basic` (RFC 6749 §2.3.1).
        case client
        /// A person, by an access token (RFC 6750 §2.1).
        case bearer
        /// A person, by name and password in `Authorization: Basic` (RFC 7617).
        case basic
    }

    /// The one method it answers; a GET answers HEAD as well.
    let method: HTTPMethod
    /// Below `http.base_path`, in lower case or not: routes are compared without regard to case. The last segment may be
    /// a parameter, `{name}`.
    let path: String
    /// One line for people.
    let summary: String
    /// More for people, in whole sentences.
    var details = ""
    /// True when requests carry passwords, secrets or tokens: `http.require_tls` then applies to the path.
    let carriesCredentials: Bool
    /// What caches are told.
    let caching: Caching
    /// True when any method is answered like `method`, and no body is looked at: proxies pass on what they got.
    var takesAnyMethod = false
    /// True when it also answers at its path followed by the base path (RFC 8414 §3.1), outside of it.
    var answersBeforeBasePath = false
    /// Who must prove himself; empty: nobody.
    var security: [Security] = []
    /// What is read of path and query.
    var parameters: [Parameter] = []
    /// What is read of the body; nil: nothing, whatever is sent.
    var body: BodySchema?
    /// What it answers, apart from what every endpoint may (see ``commonAnswers``).
    let answers: [AnswerDescription]
    /// Answers a request that has passed the checks before the media type (TLS, method, size).
    let handler: @Sendable (EndpointRequest) async throws -> EndpointAnswer

    /// What the checks before a handler may answer, and what may happen to every request.
    var commonAnswers: [AnswerDescription] {
        var answers: [AnswerDescription] = []
        if let body { answers += bodyFaults(body) }
        if carriesCredentials {
            answers.append(AnswerDescription(.httpsRequired, when: "It came over plain http, and TLS is required."))
        }
        return answers + [
            AnswerDescription(.internalError, when: "Something went wrong here; the log has the X-Request-Id."),
            AnswerDescription(.serverBusy, when: "The answer was not ready in time."),
        ]
    }
}

extension Endpoint {
    /// What may be wrong with a body before anybody looks at what it says.
    private func bodyFaults(_ body: BodySchema) -> [AnswerDescription] {
        let value = body.fields.first { $0.kind == .integer || $0.kind == .boolean }.map { field in
            ModelStateEntry(
                key: "\(body.key).\(field.name)",
                message: "The value 'abc' is not valid for \(field.name)."
            )
        }
        var faults: [(RequestFault, String)] = [
            (
                RequestFault(.unreadable, modelState: value.map { [$0] } ?? []),
                "The body, or a value in it, cannot be read."
            ),
            (RequestFault(.duplicatedParameter), "A form gives a grant or credential member twice."),
        ]
        if security.contains(.client) {
            faults.append((RequestFault(.severalClientMethods), "The client is named in the body and by Basic."))
        }
        faults += [
            (RequestFault(.unsupportedMediaType, mediaType: "text/plain"), "The body is of a kind nobody here reads."),
            (RequestFault(.missingMediaType), "There is a body without a Content-Type."),
            (RequestFault(.unsupportedEncoding, mediaType: "gzip"), "The body is compressed."),
        ]
        return faults.map { AnswerDescription(ErrorBody($0), when: $1) }
            + [AnswerDescription(.bodyTooLarge, when: "The body is larger than http.max_body.")]
    }
}

/// What a handler answers; refusals are thrown as ``ErrorBody``, `TokenError` or ``RequestFault``.
enum EndpointAnswer: Sendable {
    /// 200 with a body in the negotiated format, and headers besides those of the format.
    case negotiated(any WireBody, headers: [(name: String, value: String)] = [])
    /// 200 with a body that is JSON whatever the client accepts, in octets.
    case document([UInt8])
    /// Anything else, complete.
    case complete(OutgoingResponse)

    /// 200 with a body that is JSON whatever the client accepts.
    static func json(_ body: some JSONBody) -> EndpointAnswer { .document(JSONWriter.octets(of: body)) }
}
