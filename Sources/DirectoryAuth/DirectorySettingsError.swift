/// A directory's settings cannot work; names the key and what to write instead.
public struct DirectorySettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of fault.
    public struct Code: Sendable, Hashable {
        private let name: String
        private init(_ name: String) { self.name = name }

        /// The value cannot be read.
        public static let invalid = Code("invalid")
        /// A value is needed and not there.
        public static let missing = Code("missing")
    }

    /// What kind.
    public let code: Code
    /// The key below `[[directory]]`, for example `groups.filter`.
    public let key: String
    /// A sentence for the operator.
    public let message: String

    /// A fault of `key`.
    public init(_ code: Code, key: String, _ message: String) {
        self.code = code
        self.key = key
        self.message = message
    }

    /// The key and the sentence.
    public var description: String { "\(key): \(message)" }

    /// Equal by code and key.
    public static func == (left: DirectorySettingsError, right: DirectorySettingsError) -> Bool {
        left.code == right.code && left.key == right.key
    }

    /// By code and key.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(key)
    }
}
