public import Authentication

/// How a directory is doing, as seen by the requests and the probes that went to it: for /readyz, metrics and STATUS=.
public struct DirectoryStatus: Sendable, Hashable {
    /// One host.
    public struct Host: Sendable, Hashable {
        /// What is known of it.
        public enum State: String, Sendable, Hashable, CaseIterable {
            /// Nothing was heard of it yet.
            case unknown
            /// Answers.
            case up
            /// Failed a moment ago, but not often enough to be left alone; the other hosts are asked first.
            case failing
            /// Left alone but for probes.
            case down
            /// Answers, but refuses the account that searches.
            case serviceRefused = "service-account-refused"
        }

        /// Its URL.
        public var url: String
        /// What is known of it.
        public var state: State
        /// Since when.
        public var since: Timestamp
        /// Failures in a row.
        public var failures: Int
        /// Failures since the start.
        public var totalFailures: UInt64
        /// Why it does not answer; nil while it is up.
        public var lastError: String?
    }

    /// The directory's LDAPServerId.
    public var id: SourceID
    /// The directory's name.
    public var name: String
    /// Its hosts in order of preference; those of `srv:` URLs as the DNS named them last.
    public var hosts: [Host]
    /// Why the DNS names no hosts; nil when it does, or is not asked.
    public var discoveryError: String?

    /// True when a host is known to answer.
    public var mayAnswer: Bool { hosts.contains { $0.state == .up || $0.state == .failing } }

    /// True until a host was heard of, good or bad.
    public var isUnknown: Bool {
        hosts.allSatisfy { $0.state == .unknown } && discoveryError == nil
    }

    /// Why nobody can be asked; nil while somebody can.
    public var failure: String? {
        if mayAnswer { return nil }
        return hosts.compactMap(\.lastError).first ?? discoveryError ?? (isUnknown ? "not asked yet" : nil)
    }
}
