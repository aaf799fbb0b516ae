internal import Synchronization
public import Tokens

/// What the endpoints speak for: replaced whole by a reload, while requests in flight keep what they began with.
public final class APIState: Sendable {
    /// One consistent set. A class, so that a request takes one reference of the one in force and not each of its parts.
    public final class Application: Sendable {
        /// The rules behind the endpoints.
        public let tokens: any TokenRules
        /// The rules behind the password endpoint.
        public let passwords: any PasswordChanging
        /// The answer of `authenticationSetting`.
        public let setting: AuthenticationSetting

        /// A set.
        public init(tokens: any TokenRules, passwords: any PasswordChanging, setting: AuthenticationSetting) {
            self.tokens = tokens
            self.passwords = passwords
            self.setting = setting
        }
    }

    private let state: Mutex<Application>

    /// State that starts with `application`.
    public init(_ application: Application) {
        state = Mutex(application)
    }

    /// What is in force now.
    public var current: Application { state.withLock { $0 } }

    /// From now on requests are answered by `application`.
    public func replace(with application: Application) {
        state.withLock { $0 = application }
    }
}
