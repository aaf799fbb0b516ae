import TestSupport
import Testing

/// Libraries that other people's programs use, each in a Python process of its own.
@Suite struct ClientLibraryTests {
    /// Runs one of the programs in `Clients` and expects its last word.
    private func run(_ program: String, _ arguments: [String]) async throws {
        let python = "\(Daemon.repository)/.build/python/bin/python"
        let path = "\(Daemon.repository)/Tests/EndToEndTests/Clients/\(program).py"
        let outcome = try await ChildProcess.run(python, [path] + arguments)
        #expect(outcome.succeeded, "\(program) (scripts/python-tools installs what it needs): \(outcome.errorOutput)")
        #expect(outcome.output == "ok\n")
    }

    @Test func librariesLogInRefreshLookUpAndRevoke() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        try await run("with_authlib", [daemon.url, "alice", alice.password])
        try await run("with_requests_oauthlib", [daemon.url, "alice", alice.password])
        let login = try await daemon.token(["grant_type": "password", "username": "alice", "password": alice.password])
        try await run("with_pyjwt", [daemon.url, try #require(login.text("access_token")), daemon.url])
        await setting.stop()
    }
}
