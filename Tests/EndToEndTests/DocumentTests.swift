import TestSupport
import Testing

/// The API's own documents, held against the daemon they describe.
@Suite(.timeLimit(.minutes(5))) struct DocumentTests {
    private static let tools = "\(Daemon.repository)/.build/python/bin"

    /// With the person of the samples, so that they work as they stand.
    private func start() async throws -> Setting {
        // Whoever makes up requests is wrong more often than an address may be.
        let setting = try await Setting.make(sections: "[throttle]\naddress_exempt = [\"127.0.0.0/8\"]")
        let added = try await setting.daemon.command(
            ["user", "add", "terry-j", "--password-file", "-"],
            input: "terry-j"
        )
        #expect(added.succeeded, "\(added.errorOutput)")
        try await setting.daemon.start()
        return setting
    }

    @Test func theDocumentIsValidAndItsSamplesWork() async throws {
        let setting = try await start()
        let program = "\(Daemon.repository)/Tests/EndToEndTests/Clients/check_openapi.py"
        let outcome = try await ChildProcess.run("\(Self.tools)/python", [program, setting.daemon.url])
        #expect(outcome.succeeded, "scripts/python-tools installs what it needs: \(outcome.errorOutput)")
        #expect(outcome.output == "ok\n")
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
        try await ask(setting, ["--phases", "examples,coverage,fuzzing"])
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
            within: .seconds(150)
        )
        #expect(outcome.succeeded, "\(outcome.output.suffix(6000))\n\(outcome.errorOutput.suffix(1000))")
    }
}
