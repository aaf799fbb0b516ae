import EventPoller
import PostgresClient
import TestSupport
import Testing

@Suite("Connecting")
struct ConnectingTests {
    private func answer(_ url: String, _ change: (inout PostgresConfiguration) -> Void = { _ in }) async throws {
        let setting = try Setting(url, change)
        do {
            #expect(try await setting.client.query("SELECT 1", deadline: soon).rows == [[.int8(1)]])
        } catch {
            await setting.client.close()
            throw error
        }
        await setting.client.close()
    }

    @Test("SCRAM: the right password, from the URL and from a file; a wrong one and an unknown database are named")
    func password() async throws {
        let server = try await PostgresServer.shared()
        let folder = try TemporaryDirectory("pg")
        let file = try folder.write(PostgresServer.password + "\n", to: "password")
        let bare = "postgresql://\(PostgresServer.user)@127.0.0.1:\(server.port)"
        try await answer(server.url)
        try await answer("\(bare)/test") { $0.passwordFile = file }
        try folder.write("WRONG", to: "password")
        let wrong = await failure { try await answer("\(bare)/test") { $0.passwordFile = file } }
        #expect(wrong?.code == .authentication)
        #expect(wrong?.sqlState == "28P01")
        #expect(wrong?.message.contains("password") == true)
        #expect(wrong?.message.contains("WRONG") == false)
        #expect(await failure { try await answer("\(bare)/test") }?.code == .authentication)
        #expect(
            await failure { try await answer("\(bare)/test") { $0.passwordFile = "/no/such" } }?.code == .authentication
        )
        #expect(await failure { try await answer(server.url(database: "missing")) }?.sqlState == "3D000")
    }

    @Test("The first of several hosts that accepts, by name too; target_session_attrs is honoured")
    func hosts() async throws {
        let server = try await PostgresServer.shared()
        let login = "postgresql://\(PostgresServer.user):\(PostgresServer.password)@"
        let closed = try freePort()
        try await answer("\(login)127.0.0.1:\(closed),localhost:\(server.port)/test?target_session_attrs=read-write")
        let none = await failure {
            try await answer("\(login)127.0.0.1:\(closed),localhost:\(server.port)/test?target_session_attrs=standby")
        }
        #expect(none?.code == .connect)
        #expect(none?.message.contains("\(closed)") == true)
        #expect(await failure { try await answer("\(login)no-such-host.invalid/test") }?.code == .connect)
    }

    @Test("A host that accepts and stays silent costs its share of the time")
    func silent() async throws {
        let server = try await PostgresServer.shared()
        let silent = try TCPFake.start(.silent)
        let login = "postgresql://\(PostgresServer.user):\(PostgresServer.password)@"
        try await answer("\(login)127.0.0.1:\(silent.port),127.0.0.1:\(server.port)/test") {
            $0.connectTimeout = .seconds(4)
        }
        silent.stop()
    }

    @Test("What cannot be read is refused without being quoted")
    func unreadable() async throws {
        let error = await failure { _ = try Setting("postgresql://u:SECRET@h/db?nonsense=1") }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("SECRET") == false)
    }

    @Test("TLS as the URL says: verified, unknown authority, wrong name")
    func tls() async throws {
        let ours = try await CertificateAuthority.make()
        let other = try await CertificateAuthority.make("Other CA")
        var options = PostgresServer.Options()
        options.certificate = try await ours.issue(.good)
        let server = try await PostgresServer.start(options)
        func url(_ mode: String, _ ca: CertificateAuthority, host: String = "localhost") -> String {
            server.url(database: "test", parameters: "?sslmode=\(mode)&sslrootcert=\(ca.certificateFile)")
                .replacing("@127.0.0.1", with: "@\(host)")
        }
        let setting = try Setting(url("verify-full", ours))
        let rows = try await setting.client.query(
            "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            deadline: soon
        ).rows
        #expect(rows == [[.bool(true)]])
        // Records of 16 kB that libpq does not read in one go: nothing may stay unread inside OpenSSL.
        for size in [1, 8_000, 16_000, 17_000, 100_000, 1_000_000] {
            let long = try await setting.client.query(
                "SELECT repeat('x', $1::int)",
                [.int8(Int64(size))],
                deadline: soon
            )
            #expect(long.rows == [[.text(String(repeating: "x", count: size))]])
        }
        await setting.client.close()
        #expect(await failure { try await answer(url("verify-full", other)) }?.code == .tls)
        // The certificate names localhost and 127.0.0.1; 127.0.0.2 reaches the same machine only by its name.
        let wrongName = url("verify-full", ours, host: "wrong.example").replacing("?", with: "?hostaddr=127.0.0.1&")
        let error = await failure { try await answer(wrongName) }
        #expect(error?.code == .tls)
        #expect(error?.message.contains("wrong.example") == true)
        try await answer(url("require", other).replacing("&sslrootcert=\(other.certificateFile)", with: ""))
    }
}
