public import Authentication

/// How a directory is doing, as seen by the requests that went to it: for /readyz, STATUS= and `check`.
public struct DirectoryStatus: Sendable, Hashable {
    /// One host.
    public struct Host: Sendable, Hashable {
        /// What the last answer, or its absence, said.
        public enum State: String, Sendable, Hashable {
            /// Not asked yet.
            case unknown
            /// Answered last time.
            case up
            /// Did not answer last time.
            case down
        }

        /// Its URL.
        public var url: String
        /// What the last answer, or its absence, said.
        public var state: State
        /// Since when.
        public var since: Timestamp
        /// Why it is down.
        public var lastError: String?
    }

    /// The directory's LDAPServerId.
    public var id: SourceID
    /// The directory's name.
    public var name: String
    /// Its hosts in order of preference.
    public var hosts: [Host]

    /// False only when every host is known to be down.
    public var mayAnswer: Bool { hosts.contains { $0.state != .down } }
}
