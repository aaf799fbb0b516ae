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

    private static func basic(_ ids: [String], _ secrets: [String]) -> ClientCredentials {
        ClientCredentials(id: ids[0], secrets: secrets.map { Password($0) }, alternativeIDs: ids, method: .basic)
    }

    @Test("A secret with + or % sent raw costs its hashes once")
    func rawSecret() async {
        var clients = World.clients
        clients[0] = clients[0].with(secret: .hash(CountingHash.text(of: "a+b")))
        let authenticator = ClientAuthenticator(
            registry: ClientRegistry(clients),
            defaultClient: nil,
            hasher: hash
        )
        for _ in 0..<3 {
            #expect(await authenticate(Self.basic(["web", "web"], ["a b", "a+b"]), authenticator) == "web")
        }
        #expect(hash.count == 2, "the decoded form, then the raw one")
    }

    @Test("Which of two clients it is does not depend on which was proved lately")
    func ambiguous() async {
        let secret = ClientSecret.hash(CountingHash.text(of: "s"))
        let registry = ClientRegistry([Client(id: "a b", secret: secret), Client(id: "a+b", secret: secret)])
        let authenticator = ClientAuthenticator(registry: registry, defaultClient: nil, hasher: hash)
        #expect(await authenticate(Self.basic(["a+b"], ["s"]), authenticator) == "a+b")
        #expect(await authenticate(Self.basic(["a b", "a+b"], ["s", "s"]), authenticator) == "a b")
    }

    @Test("Many at once after a start are one hash", arguments: [true, false])
    func atOnce(isRight: Bool) async {
        let registry = ClientRegistry(World.clients)
        let authenticator = ClientAuthenticator(registry: registry, defaultClient: nil, hasher: hash)
        hash.isHeld = true
        await withTaskGroup(of: String.self) { group in
            for _ in 0..<40 {
                let credentials = ClientCredentials(id: "web", secrets: [Password(isRight ? "s3" : "s4")])
                group.addTask { await authenticate(credentials, authenticator) }
            }
            try? await Task.sleep(for: .milliseconds(50))
            hash.isHeld = false
            for await answer in group { #expect((answer == "web") == isRight) }
        }
        #expect(hash.count == 1 || !isRight)
        #expect(hash.count < 40)
    }

    @Test("A reload asks again only for what has changed")
    func reload() async {
        let secrets = SecretCache()
        func count(_ clients: [Client], _ secret: String, _ expected: String) async -> Int {
            let authenticator = ClientAuthenticator(
                registry: ClientRegistry(clients),
                defaultClient: nil,
                hasher: hash,
                proved: secrets
            )
            let before = hash.count
            let credentials = ClientCredentials(id: "web", secrets: [Password(secret)])
            #expect(await authenticate(credentials, authenticator) == expected)
            return hash.count - before
        }
        #expect(await count(World.clients, "s3", "web") == 1)
        #expect(await count(World.clients, "s3", "web") == 0)
        var changed = World.clients
        changed[0] = changed[0].with(secret: .hash(CountingHash.text(of: "new")))
        #expect(await count(changed, "s3", "invalid_client: Invalid client credentials") == 1)
        changed[0] = changed[0].with(secret: .some(nil))
        #expect(await count(changed, "s3", "invalid_client: Invalid client credentials") == 0)
        #expect(await count([], "s3", "invalid_client: Invalid client") == 0)
        #expect(await count(World.clients, "s3", "web") == 0)
    }

    @Test("Too many hashes waiting is an outage, not a wrong secret")
    func full() async {
        hash.fill()
        let answer = await authenticate(ClientCredentials(id: "web", secrets: [Password("s3")]))
        #expect(answer == "temporarily_unavailable: The service is busy")
    }
}
