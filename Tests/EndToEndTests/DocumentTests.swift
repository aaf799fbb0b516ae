import TestSupport
import Testing

/// The API's own documents, held against the daemon they describe.
@Suite(.timeLimit(.minutes(15))) struct DocumentTests {
    private static let tools = "\(Daemon.repository)/.build/python/bin"

    /// With the person of the samples, so that they work as they stand.
    private func start() async throws -> Setting {
        // Whoever makes up requests is wrong more often than an address may be.
        let setting = try await Setting.make(
            sections: """
                [[client]]
                id = "api"
                secret_file = "web.secret"
                grants = ["password", "refresh_token"]
                [throttle]
                address_exempt = ["127.0.0.0/8"]
                """
        )
        let added = try await setting.daemon.command(
            ["user", "add", "terry-j", "--password-file", "-"],
            input: "terry-j"
        )
        #expect(added.succeeded, "\(added.errorOutput)")
        try await setting.daemon.start()
        return setting
    }

    /// Runs one of the programs in `Clients` and expects its last word.
    private func run(_ program: String, _ arguments: [String]) async throws {
        let path = "\(Daemon.repository)/Tests/EndToEndTests/Clients/\(program).py"
        let outcome = try await ChildProcess.run(
            "\(Self.tools)/python",
            [path] + arguments,
            within: .seconds(120)
        )
        #expect(outcome.succeeded, "scripts/python-tools installs what it needs: \(outcome.errorOutput)")
        #expect(outcome.output.hasSuffix("ok\n"))
    }

    @Test func theDocumentIsValidAndItsSamplesWork() async throws {
        let setting = try await start()
        try await run("check_openapi", [setting.daemon.url])
        await setting.stop()
    }

    @Test func everyRefusalIsDescribed() async throws {
        let setting = try await start()
        for name in ["other", "gone"] {
            let added = try await setting.daemon.command(["user", "add", name, "--password-file", "-"], input: name)
            #expect(added.succeeded, "\(added.errorOutput)")
        }
        #expect(try await setting.daemon.command(["user", "disable", "gone"]).succeeded)
        try await run("check_refusals", [setting.daemon.url])
        await setting.stop()
    }

    /// As a telephone and a desk show the pages, by day and by night.
    @Test func thePagesAreReadableInABrowser() async throws {
        let setting = try await start()
        try await run("check_pages", [setting.daemon.url, setting.daemon.home.path])
        await setting.stop()
    }

    /// Requests made up from the document get the answers it promises, and no 5xx: by a stranger, by a person with a token,
    /// by a client with a secret.
    @Test func madeUpRequestsAreAnsweredAsDescribed() async throws {
        let setting = try await start()
        let login = try await setting.daemon.token([
            "grant_type": "password", "username": "terry-j", "password": "terry-j",
        ])
        let token = try #require(login.text("access_token"))
        // The password of the sample is the one the token came with.
        try await ask(setting, ["--phases", "examples,coverage,fuzzing", "--exclude-path", "/api/v1/auth/password"])
        // Logging out would end the session for the requests after it.
        try await ask(
            setting,
            [
                "--phases", "fuzzing", "--exclude-path", "/api/v1/auth/logout",
                "-H", "Authorization: Bearer \(token)",
            ]
        )
        try await ask(setting, ["--phases", "fuzzing", "--auth", "web:web-secret"])
        await setting.stop()
    }

    private func ask(_ setting: Setting, _ arguments: [String]) async throws {
        let outcome = try await ChildProcess.run(
            "\(Self.tools)/schemathesis",
            [
                "run", "\(setting.daemon.url)/openapi.json", "--max-examples", "15", "--seed", "1",
                "--generation-database", "none", "--no-color", "--request-timeout", "10", "--checks",
                "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
                    + "response_schema_conformance",
            ] + arguments,
            // It leaves a cache where it runs.
            directory: setting.daemon.home.path,
            within: .seconds(400)
        )
        #expect(outcome.succeeded, "\(outcome.output.suffix(6000))\n\(outcome.errorOutput.suffix(1000))")
    }
}
