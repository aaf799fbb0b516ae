internal import Authentication
internal import Synchronization
internal import Tokens

/// Whole grants of `TokenService`, with the store and the directory in memory: the session's rules, the claims, the
/// signature, the refresh token.
let tokenBenchmarks = [
    // Claims of a person with six groups, ES256 signature, a refresh token derived.
    Benchmark("issue-password-grant") {
        let service = try await makeService(.es256)
        let request = TokenRequest(
            client: web,
            scope: "read",
            username: "jürgen",
            password: Password("secret"),
            grantType: "password"
        )
        return { keep(try await service.token(request, context: context)) }
    },
    Benchmark("issue-client-credentials") { try await issuing(.es256) },
    Benchmark("issue-client-credentials-eddsa") { try await issuing(.eddsa) },
    Benchmark("verify-access-token") {
        let service = try await makeService(.es256)
        let token = try await passwordGrant(service).accessToken
        let verifier = service.verifier
        return { keep(try verifier.verify(token)) }
    },
    Benchmark("refuse-access-token") {
        let service = try await makeService(.es256)
        // The signature's last octets changed: everything is done but reading the claims.
        let token = String(try await passwordGrant(service).accessToken.dropLast(4) + "AAAA")
        let verifier = service.verifier
        return {
            do {
                keep(try verifier.verify(token))
                throw UnexpectedSuccess()
            } catch is AccessTokenError {}
        }
    },
    // The refresh token checked, the session rotated, a new refresh token derived, a new access token signed.
    Benchmark("refresh-grant") {
        let service = try await makeService(.es256)
        let chain = Mutex(try await passwordGrant(service).refreshToken)
        return {
            let request = TokenRequest(
                client: web,
                grantType: "refresh_token",
                refreshToken: chain.withLock { $0 }
            )
            let next = try await service.token(request, context: context).refreshToken
            chain.withLock { $0 = next }
        }
    },
    // A forged token: it dies at its HMAC, before the store or a signature.
    Benchmark("refuse-refresh-token") {
        let service = try await makeService(.es256)
        let good = try await passwordGrant(service).refreshToken ?? ""
        let request = TokenRequest(
            client: web,
            grantType: "refresh_token",
            refreshToken: String(good.dropLast(4) + "AAAA")
        )
        return {
            do {
                keep(try await service.token(request, context: context))
                throw UnexpectedSuccess()
            } catch is TokenError {}
        }
    },
]

private struct UnexpectedSuccess: Error {}

/// client_credentials is for clients with a secret.
private let web = ClientCredentials(id: "web", secrets: [secret])

private let secret = Password("s3cret-of-web")

private let context = RequestContext(address: "192.0.2.10", userAgent: "curl/7.88.1", requestID: "0123456789abcdef")

private func issuing(_ algorithm: SigningAlgorithm) async throws -> () async throws -> Void {
    let service = try await makeService(algorithm)
    let request = TokenRequest(
        client: web,
        scope: "read",
        grantType: "client_credentials"
    )
    return { keep(try await service.token(request, context: context)) }
}

private func passwordGrant(_ service: TokenService) async throws -> AccessTokenResponse {
    let request = TokenRequest(
        client: web,
        scope: "read",
        username: "jürgen",
        password: Password("secret"),
        grantType: "password"
    )
    return try await service.token(request, context: context)
}

private func makeService(_ algorithm: SigningAlgorithm) async throws -> TokenService {
    let settings = TokenSettings(issuer: "https://auth.corp.example", algorithm: algorithm, defaultClient: "web")
    let client = Client(
        id: "web",
        secret: .plain(secret),
        grants: [.password, .refreshToken, .clientCredentials],
        scopes: ["read", "write"],
        defaultScopes: ["read"],
        audience: ["https://api.corp.example"]
    )
    let store = MemoryStore()
    let keys = try await KeyRing.open(
        store: store,
        masterKey: .random(),
        policy: KeyPolicy(settings: settings, clients: [client]),
        pool: InlinePool()
    )
    return TokenService(
        settings: settings,
        clients: [client],
        sessions: store,
        keys: keys,
        revocations: Revocations(),
        authenticator: KnownPerson(),
        hasher: NoHashes(),
        audit: NoAudit()
    )
}
