import Authentication
import Testing

@testable import Tokens

@Suite struct ClientTests {
    private let hash = CountingHash()

    private func authenticate(
        _ credentials: ClientCredentials,
        _ authenticator: ClientAuthenticator? = nil
    ) async -> String {
        let registry = ClientRegistry(World.clients)
        let authenticator =
            authenticator ?? ClientAuthenticator(registry: registry, defaultClient: "open", hasher: hash)
        do {
            return try await authenticator.authenticate(credentials).id
        } catch {
            return "\(error.code.rawValue): \(error.description)"
        }
    }

    @Test(
        arguments: [
            ("web", "s3", "web"), ("web", "s4", "Invalid client credentials"),
            ("web", "", "Invalid client credentials"), ("web", nil, "Invalid client credentials"),
            ("plain", "geheim", "plain"), ("plain", "geheimer", "Invalid client credentials"),
            ("plain", "geheiM", "Invalid client credentials"), ("plain", nil, "Invalid client credentials"),
            ("open", nil, "open"), ("open", "", "open"), ("open", "x", "Invalid client credentials"),
            ("nobody", nil, "Invalid client"), ("nobody", "s3", "Invalid client"), ("WEB", "s3", "Invalid client"),
            (nil, nil, "open"), ("", nil, "open"), (nil, "x", "Invalid client credentials"),
        ] as [(String?, String?, String)],
        [ClientCredentials.Method.body, .basic]
    ) func matrix(_ row: (id: String?, secret: String?, expected: String), method: ClientCredentials.Method) async {
        let secrets = row.secret.map { [Password($0)] } ?? []
        let ids = method == .basic ? row.id.map { [$0] } ?? [] : []
        let credentials = ClientCredentials(id: row.id, secrets: secrets, alternativeIDs: ids, method: method)
        // A Basic header always names somebody, if only with an empty name.
        guard method == .body || row.id?.isEmpty == false else { return }
        let expected = row.expected.hasPrefix("Invalid") ? "invalid_client: \(row.expected)" : row.expected
        #expect(await authenticate(credentials) == expected)
    }

    @Test(
        "Basic is tried form-decoded, then raw",
        arguments: [
            (["web", "web"], ["s3", "raw"], "web"), (["web", "web"], ["decoded", "s3"], "web"),
            (["a b", "web"], ["s3", "s3"], "web"), (["a b", "a+b"], ["s3", "s3"], "invalid_client: Invalid client"),
            (["web", "a+b"], ["x", "s3"], "invalid_client: Invalid client credentials"),
        ]
    ) func basic(ids: [String], secrets: [String], expected: String) async {
        let credentials = ClientCredentials(
            id: ids[0],
            secrets: secrets.map { Password($0) },
            alternativeIDs: ids,
            method: .basic
        )
        #expect(await authenticate(credentials) == expected)
    }

    @Test("A proved secret costs one hash, a wrong one each time, an unknown client as much as a wrong secret")
    func cost() async {
        let registry = ClientRegistry(World.clients)
        let authenticator = ClientAuthenticator(registry: registry, defaultClient: nil, hasher: hash)
        func count(_ id: String, _ secret: String) async -> Int {
            let before = hash.count
            _ = await authenticate(ClientCredentials(id: id, secrets: [Password(secret)]), authenticator)
            return hash.count - before
        }
        #expect(await count("web", "s3") == 1)
        #expect(await count("web", "s3") == 0)
        #expect(await count("web", "s4") == 1)
        #expect(await count("web", "s4") == 1)
        #expect(await count("web", "s3") == 0)
        #expect(await count("nobody", "s3") == 1)
        #expect(await count("plain", "geheim") == 0)
    }

    @Test("Too many hashes waiting is an outage, not a wrong secret")
    func full() async {
        hash.fill()
        let answer = await authenticate(ClientCredentials(id: "web", secrets: [Password("s3")]))
        #expect(answer == "temporarily_unavailable: The service is busy")
    }
}
