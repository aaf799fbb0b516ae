public import Authentication

/// Keys could not be read, made or kept.
public struct KeyError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure.
    public struct Code: Sendable, Hashable {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// The master key's file is missing, too open, of the wrong size, or holds another store's key.
        public static let masterKey = Code("master-key")
        /// A key in the store cannot be opened or understood.
        public static let unreadable = Code("unreadable")
        /// The store failed.
        public static let store = Code("store")
        /// The pool is full, or other nodes keep changing the keys: try again.
        public static let busy = Code("busy")
    }

    /// What kind.
    public let code: Code
    /// A sentence for the operator, never a secret.
    public let description: String
    /// What the store said, when it was the store.
    public let cause: StoreError?

    /// A failure with a sentence for the operator.
    public init(_ code: Code, _ description: String, cause: StoreError? = nil) {
        self.code = code
        self.description = description
        self.cause = cause
    }

    init(_ cause: StoreError) {
        self.init(.store, cause.detail, cause: cause)
    }

    /// The keys in the store are wrapped by a key that this process does not hold.
    static let otherMasterKey = KeyError(
        .masterKey,
        "The master key (master_key_file) is another one than this store was made with: put that one back, with several nodes copy the file from a node that runs, or start with an empty store."
    )

    /// The master key was rotated while this process ran, and no file it can read holds the new one.
    static let masterKeyAway = KeyError(
        .masterKey,
        "The master key of the store was rotated, and the new one is not in master_key_file here: put it there. Until then this node goes on with the keys it has."
    )

    /// Equal by code.
    public static func == (left: KeyError, right: KeyError) -> Bool { left.code == right.code }

    /// By code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
