/// Asked by a source once it has found out whose password it is about to verify, and before it does.
///
/// A person has many spellings (uid and mail, half-width and full-width letters) and could be guessed at under each; what
/// is found counts for all of them.
public protocol LoginGate: Sendable {
    /// The answer to give without verifying anything; nil when the password may be verified.
    ///
    /// May wait for other attempts on the same person, so nothing that others need may be held meanwhile.
    func answer(insteadOf person: IdentityKey) async -> AuthenticationResult?
}

/// Lets everybody through, for commands and tests.
public struct OpenGate: LoginGate {
    /// An open gate.
    public init() {}

    /// Nothing stands against it.
    public func answer(insteadOf person: IdentityKey) async -> AuthenticationResult? { nil }
}
