import TestSupport
import Testing

/// The API's own documents, held against the daemon they describe.
@Suite(.timeLimit(.minutes(4))) struct DocumentTests {
    private static let tools = "\(Daemon.repository)/.build/python/bin"

    /// With the person of the samples, so that they work as they stand.
    private func start() async throws -> Setting {
        let setting = try await Setting.make()
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
}
