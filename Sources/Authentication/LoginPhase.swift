/// The parts of a login whose times are measured.
public enum LoginPhase: Int, Sendable, Hashable, CaseIterable {
    /// Looking the person up in the directory.
    case search
    /// The one user bind.
    case bind
    /// Finding the groups.
    case groups
    /// Opening or continuing the session in the store, waiting for the disk.
    case store
    /// Making and signing the token.
    case sign
    /// The whole, from the request read to the answer known.
    case total

    /// As metrics call it.
    public var name: String { "\(self)" }
}

/// Takes the times of phases; must not block, wait or fail.
public protocol PhaseSink: Sendable {
    /// One phase took so long, however it ended.
    func record(_ phase: LoginPhase, _ duration: Duration)
}

/// Drops every time, for commands and tests.
public struct NoPhases: PhaseSink {
    /// A sink without a bottom.
    public init() {}

    /// Does nothing.
    public func record(_ phase: LoginPhase, _ duration: Duration) {}
}

extension PhaseSink {
    /// Records what has passed since `start`.
    public func record(_ phase: LoginPhase, since start: ContinuousClock.Instant) {
        record(phase, .now - start)
    }
}
