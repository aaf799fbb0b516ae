/// The store did not do what it was asked.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure.
    public struct Code: Sendable, Hashable {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// Disk full, file gone, server unreachable, too many writers waiting: answer 503 and try again.
        public static let unavailable = Code("unavailable")
        /// A name or number that must be unique exists already.
        public static let conflict = Code("conflict")
        /// The schema is newer than this program, the master key is another one, the file is no database.
        public static let unusable = Code("unusable")
    }

    /// What kind.
    public let code: Code

    /// A sentence for the operator. Never a bound value, never a secret.
    public let detail: String

    /// A failure with a sentence for the operator.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// The sentence.
    public var description: String { detail }

    /// Equal by code.
    public static func == (left: StoreError, right: StoreError) -> Bool { left.code == right.code }

    /// By code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
