/// What the sources of one login have said so far, and what it comes to when nobody let the person in.
struct AuthenticationProgress: Sendable {
    private var outages: [Outage] = []
    /// What single sources said.
    private(set) var rejections: [Rejection] = []

    private var identity: Identity?

    init() {}

    /// What is decided already.
    init(_ result: AuthenticationResult) {
        switch result {
        case .authenticated(let identity): self.identity = identity
        case .rejected(let rejection): rejections = [rejection]
        case .unavailable(let outage): outages = [outage]
        }
    }

    /// As the configuration spells it; directories are known by number here.
    private static func name(_ source: SourceID?) -> String {
        guard let source else { return "nobody" }
        return source == .local ? "local" : "directory \(source)"
    }

    mutating func add(_ outage: Outage) {
        outages.append(outage)
        if let refusal = outage.refusal { rejections.append(refusal) }
    }

    mutating func add(_ rejection: Rejection) { rejections.append(rejection) }

    /// Once a source was down nobody can say that the person is refused: it is an outage, whatever the others said.
    ///
    /// Otherwise the refusal counts that ended the login; of several "unknown here" the first, whose source was meant.
    var result: AuthenticationResult {
        if let identity { return .authenticated(identity) }
        guard outages.isEmpty else {
            let said = outages.map(\.detail) + rejections.map { "\(Self.name($0.source)): \($0.reason.rawValue)" }
            return .unavailable(
                Outage(
                    sources: outages.flatMap(\.sources),
                    detail: said.joined(separator: "; "),
                    retryAfter: outages.map(\.retryAfter).max() ?? 5,
                    isOverload: outages.allSatisfy(\.isOverload)
                )
            )
        }
        let decisive = rejections.last { $0.reason != .unknownUser } ?? rejections.first
        return .rejected(decisive ?? Rejection(.unknownUser, detail: "no source may be asked for this name"))
    }
}
