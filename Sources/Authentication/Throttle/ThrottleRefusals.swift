/// How many attempts the throttle has answered in place of the sources, for metrics.
public struct ThrottleRefusals: Sendable, Hashable {
    /// The account had to wait.
    public var account: UInt64 = 0
    /// The address had to wait.
    public var address: UInt64 = 0
    /// The same password had been refused a moment ago.
    public var repeated: UInt64 = 0

    /// None yet.
    public init() {}

    mutating func count(_ subject: ThrottleWait.Subject) {
        switch subject {
        case .account: account += 1
        case .address: address += 1
        }
    }
}
