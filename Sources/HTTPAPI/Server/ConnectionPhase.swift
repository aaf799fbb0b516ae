/// Where a connection is between its first octet and its last.
enum ConnectionPhase {
    /// The TLS handshake is under way.
    case securing
    /// Between two requests.
    case idle
    case receiving
    case answering
    case writing
    /// Everything was said; what the client still sends is read for a while.
    case lingering
    case closed

    /// So much is read of a client that goes on sending after its answer.
    static let lingerOctets = 256 * 1024

    /// Whether octets are wanted; what is not read fills no memory.
    ///
    /// - Parameters:
    ///   - lingered: octets read since the last answer.
    ///   - isAhead: some have come before the answer to the request before them.
    func mayRead(lingered: Int, isAhead: Bool) -> Bool {
        switch self {
        case .securing, .idle, .receiving: true
        case .lingering: lingered < Self.lingerOctets
        // Nothing comes from most clients, and to go on listening costs less than to stop and begin again.
        case .answering, .writing: !isAhead
        case .closed: false
        }
    }
}
