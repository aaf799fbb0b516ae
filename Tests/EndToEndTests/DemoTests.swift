import TestSupport
import Testing

/// The curl lines that `make run` prints, pasted into a shell.
@Suite struct DemoTests {
    @Test func everyPrintedLineWorksAsPasted() async throws {
        let home = try TemporaryDirectory("ldapauthd-demo")
        let ports = try (0..<4).map { _ in try freePort() }
        let demo = try ChildProcess.start(
            "\(Daemon.repository)/demo/run",
            environment: [
                "DEMO_PORT": "\(ports[0])", "DEMO_ADMIN_PORT": "\(ports[1])", "DEMO_LDAP_PORT": "\(ports[2])",
                "DEMO_PARTNER_PORT": "\(ports[3])", "DEMO_BINARY": Daemon.binary, "DEMO_HOME": home.path(of: "demo"),
            ]
        )
        try await demo.waitForLine(containing: "Stop with Ctrl-C", in: .output, within: .seconds(60))
        let lines = demo.output.split(separator: "\n").filter { $0.hasPrefix("curl ") }.map(String.init)
        let wanted = [
            "\"firstName\":\"Terry\"", "\"firstName\":\"Jürgen\"", "<lastName>Smith</lastName>",
            "\"firstName\":\"Petra\"",
            "\"lastName\":\"Local\"", "\"error\":\"invalid_grant\"", "\"is_editor\":true", "\"refresh_token\":\"",
            "\"LDAPServers\":[{\"Id\":1,\"Name\":\"corp\"},{\"Id\":2,\"Name\":\"partner\"}]", "\"kty\":\"EC\"",
        ]
        #expect(lines.count == wanted.count)
        for (line, text) in zip(lines, wanted) {
            let outcome = try await ChildProcess.run("bash", ["-c", line])
            #expect(outcome.output.contains(text), "\(line)\n→ \(outcome.output)\(outcome.errorOutput)")
        }
        await demo.stop(within: .seconds(20))
    }
}
