/// One line of ModelState: which member cannot be read, and why.
public struct ModelStateEntry: Sendable, Hashable {
    /// `login.LDAPServerId`, or the bare `login` for a fault of the whole body.
    public let key: String
    /// A sentence for the caller; it never holds a password, a secret or a token.
    public let message: String

    /// One entry.
    public init(key: String, message: String) {
        self.key = key
        self.message = message
    }
}

/// A body that does not become a request; `ErrorBody` makes the answer of it.
public struct RequestFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of faults.
    public struct Code: Sendable, Hashable {
        private let rawValue: String
        private init(_ rawValue: String) { self.rawValue = rawValue }

        /// 415: there is a body of a kind nobody here reads.
        public static let unsupportedMediaType = Code("unsupported media type")
        /// 415: the body is compressed or otherwise encoded.
        public static let unsupportedEncoding = Code("unsupported content encoding")
        /// 415: there is a body, but nothing says of which kind.
        public static let missingMediaType = Code("missing media type")
        /// 400 with ModelState: the body, or members of it, cannot be read.
        public static let unreadable = Code("unreadable")
        /// 400: a form gives a grant or credential parameter twice.
        public static let duplicatedParameter = Code("duplicated parameter")
        /// 400: the client named itself in the body and by Basic.
        public static let severalClientMethods = Code("several client authentication methods")

        fileprivate var text: String { rawValue }
    }

    /// Which kind.
    public let code: Code
    /// The media type or the encoding as the client spelled it, cut to what an answer may repeat.
    public let mediaType: String?
    /// What cannot be read, in the order met, for `unreadable`.
    public let modelState: [ModelStateEntry]

    /// A fault.
    public init(_ code: Code, mediaType: String? = nil, modelState: [ModelStateEntry] = []) {
        self.code = code
        self.mediaType = mediaType
        self.modelState = modelState
    }

    /// A fault in a header, of which an answer repeats at most 127 characters.
    init(_ code: Code, spelling: String) {
        self.init(code, mediaType: String(spelling.unicodeScalars.prefix(127)))
    }

    /// The kind and the keys; never a value.
    public var description: String {
        modelState.isEmpty ? code.text : "\(code.text): \(modelState.map(\.key).joined(separator: ", "))"
    }
}
