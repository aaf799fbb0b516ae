/// Why a command on local accounts was not done.
public struct AccountError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        /// The word for it.
        public let description: String
        private init(_ description: String) { self.description = description }

        /// A field holds something it may not hold.
        public static let invalid = Code("invalid")
        /// The name is taken.
        public static let conflict = Code("conflict")
        /// There is no such account.
        public static let notFound = Code("not-found")
        /// The store, or the pool of hashes, is not to be had now.
        public static let unavailable = Code("unavailable")
    }

    /// What kind.
    public let code: Code

    /// A sentence for the administrator that names the field and the remedy. Never a password.
    public let description: String

    /// What the store said, if it was the store.
    public let cause: StoreError?

    init(_ code: Code, _ description: String, cause: StoreError? = nil) {
        self.code = code
        self.description = description
        self.cause = cause
    }
}
