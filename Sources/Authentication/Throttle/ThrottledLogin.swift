/// One login as the throttle sees it, before anybody is asked.
struct ThrottledLogin: Sendable {
    /// All who may be asked. A failure counts for the name at each of them, whoever knew it: otherwise the counts would tell
    /// who did.
    var sources: [SourceID]
    /// The name asked for, without a domain that chose the source.
    var name: String
    /// The caller's address; nil when there is none.
    let client: IPAddress?
    /// What of it successes are kept for; empty when there is none.
    let network: String
    var password: Password

    /// - Parameter address: the caller's as text; a word when there is none.
    init(sources: [SourceID], name: String, address: String, password: Password) {
        self.sources = sources.isEmpty ? [Self.nobody] : sources
        self.name = UsernameFolding.loose(name)
        client = IPAddress(address)
        network = client?.throttleText ?? ""
        self.password = password
    }

    /// Stands for the sources of a login that may ask none.
    private static let nobody = SourceID(-1)
}

/// What an attempt holds while it is under way.
struct ThrottleTicket: Sendable {
    /// Whom is asked for which name.
    let question: ThrottleKey
    /// The counts of the name.
    let names: [ThrottleKey]
    /// The success of that name from that address.
    let knownName: ThrottleKey
    /// The count of the address; nil when it has none.
    let address: ThrottleKey?
    /// Tells the password apart from others; nil when nobody had to know.
    var proof: UInt16?
    /// The password was the right one a moment ago: such attempts may be under way in any number.
    var isTrusted = false
    /// The password was refused a moment ago: no guess is gained by it, and none counted.
    var isRepeated = false
    /// The person's password was refused a moment ago under another spelling of the name.
    var isPersonRepeated = false
    /// Counts that hold a place for this attempt.
    var reserved: [ThrottleKey] = []
    /// The place held at the address.
    var addressFlight: ThrottleState.AddressFlight?
    /// The person found, and the count that goes with it.
    var person: IdentityKey?
    var personCount: ThrottleKey?
}
