import FoundationEssentials
import TestSupport

/// Nodes that share one PostgreSQL, one master key and one directory of sample people.
struct Cluster {
    let postgres: PostgresServer
    let slapd: Slapd
    let nodes: [Daemon]
    let sample = SampleDirectory()
    /// Their database.
    let database: String
    /// Where the master key lies, the same for all.
    let keys: TemporaryDirectory

    /// Nodes that are not started yet. The people are directory 1, “corp”; the clients are “login” and “web” (secret web-secret).
    ///
    /// - Parameters:
    ///   - postgres: one that all tests share when nil; each cluster has a database of its own there.
    ///   - url: the database's; made of `postgres` when nil.
    static func make(
        nodes count: Int,
        postgres: PostgresServer? = nil,
        url: String? = nil,
        tokens: String = "",
        http: String = "",
        directory: String = "",
        sections: String = "",
        people: String = ""
    ) async throws -> Cluster {
        let server: PostgresServer
        if let postgres { server = postgres } else { server = try await .shared() }
        let name = "c" + UUID().uuidString.replacing("-", with: "").lowercased()
        if url == nil { _ = try await server.createDatabase(name) }
        var options = Slapd.Options()
        options.extraLDIF = people
        let slapd = try await Slapd.start(options)
        let keys = try TemporaryDirectory("ldapauthd-keys")
        let nodes = try (0..<count).map { _ in
            try Daemon(
                """
                [tokens]
                issuer = "https://login.example.org"
                master_key_file = "\(keys.path(of: "master.key"))"
                \(tokens)
                [authentication]
                order = ["corp", "local"]
                login_client = "login"
                [local]
                argon2_memory = "64KiB"
                argon2_iterations = 1
                \(Setting.people(of: slapd, Setting.timeouts, directory))
                \(Setting.clients())
                \(sections)
                """,
                http: http,
                storage: """
                    url = "\(url ?? server.plainURL(database: name))"
                    password_file = "pg.secret"
                    pool = 4
                    """,
                secrets: [
                    "service.secret": slapd.servicePassword, "web.secret": "web-secret\n",
                    "pg.secret": PostgresServer.password + "\n",
                ]
            )
        }
        return Cluster(postgres: server, slapd: slapd, nodes: nodes, database: url == nil ? name : "test", keys: keys)
    }

    /// Starts all nodes at once.
    func start() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes { group.addTask { try await node.start() } }
            try await group.waitForAll()
        }
    }

    /// What psql prints of a question to their database.
    func sql(_ text: String) async throws -> String { try await postgres.sql(text, database: database) }

    /// Ends the nodes and the directory; a database that others share goes on.
    func stop() async {
        for node in nodes { await node.stop() }
        await slapd.stop()
    }

    /// People for `people`: each has the password `NAME-secret`.
    static func ldif(_ names: [String]) -> String {
        names.map { name in
            """
            dn: uid=\(name),ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            uid: \(name)
            cn: \(name)
            sn: \(name)
            userPassword: \(name)-secret


            """
        }.joined()
    }
}

extension Daemon {
    /// Whether an access token is good here.
    func verifies(_ token: String) async throws -> Bool {
        try await verify(token).status == 200
    }

    /// `GET /api/v1/auth/verify`.
    func verify(_ token: String) async throws -> Curl.Answer {
        try await Curl.send(["-H", "Authorization: Bearer \(token)", "\(url)/api/v1/auth/verify"])
    }

    /// A session of the client “web”.
    func open(_ user: String, _ password: String) async throws -> Curl.Answer {
        let fields: KeyValuePairs = ["grant_type": "password", "username": user, "password": password]
        var answer = try await token(fields)
        // Who is sent away for now comes back, as any client does: on a busy machine a database may take longer than it has.
        for _ in 0..<5 where answer.status == 503 {
            try await Task.sleep(for: .seconds(1))
            answer = try await token(fields)
        }
        return answer
    }

    func refresh(_ token: String) async throws -> Curl.Answer {
        try await self.token(["grant_type": "refresh_token", "refresh_token": token])
    }

    /// The state of `/readyz`.
    func isReady() async -> Bool {
        (try? await Curl.send(["\(adminURL)/readyz"]))?.status == 200
    }
}
