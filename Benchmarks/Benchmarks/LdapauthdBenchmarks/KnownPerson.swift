internal import Authentication

/// Lets everybody in, as the same person.
struct KnownPerson: Authenticating {
    static let identity = Identity(
        key: IdentityKey(source: SourceID(1), stableID: "6f1c2c0e-3d5f-4b0a-9a51-0d2f0e6f7b11"),
        sourceName: "corp",
        username: "jürgen",
        firstName: "Jürgen",
        lastName: "Müller",
        displayName: "Jürgen Müller",
        email: "juergen@corp.example",
        groups: ["backup", "developers", "editors", "office", "staff", "vpn"],
        locator: "uid=jürgen,ou=people,dc=corp,dc=example"
    )

    func authenticate(_ request: AuthenticationRequest) async -> AuthenticationResult {
        .authenticated(Self.identity)
    }

    func recheck(_ key: IdentityKey, username: String, locator: String?, credentialState: String?) async
        -> RecheckResult
    {
        .current(Self.identity)
    }

    var offersSignOn: Bool { true }

    func signOn(_ request: SignOnRequest) async -> SignOnResult { .authenticated(Self.identity, reply: nil) }

    func changePassword(_ request: PasswordChangeRequest) async -> PasswordChangeResult { .changed(Self.identity) }

    func isKnown(_ directory: SourceID, sources: [SourceID]) -> Bool { true }
}

/// Works at once, where it is called.
struct InlinePool: WorkPool {
    func run<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async throws(WorkPoolFull) -> Value { work() }
}

/// Knows no hash; the benchmarks' client has its secret in clear.
struct NoHashes: SecretHash {
    func verify(_ password: Password, against phc: String) async throws(WorkPoolFull) -> Bool { false }

    func hash(_ password: Password) async throws(WorkPoolFull) -> String { "" }
}
