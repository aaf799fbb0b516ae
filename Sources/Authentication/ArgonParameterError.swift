/// Why Argon2id cannot be used so.
public struct ArgonParameterError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure.
    public struct Code: Sendable, Hashable {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// Below 8 KiB or beyond 1 GiB.
        public static let memoryOutOfRange = Code("memoryOutOfRange")
        /// Below 1 or beyond 100.
        public static let iterationsOutOfRange = Code("iterationsOutOfRange")
        /// sodium_init(3) failed: the machine has no source of random numbers.
        public static let noRandomness = Code("noRandomness")
    }

    /// What kind.
    public let code: Code

    /// A sentence for the operator.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    /// Equal by code.
    public static func == (left: ArgonParameterError, right: ArgonParameterError) -> Bool { left.code == right.code }

    /// By code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }
}
