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
        let lines = demo.output.split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("curl ") || $0.hasPrefix("token=") }
        let wanted = [
            "\"firstName\":\"Terry\"", "\"firstName\":\"Jürgen\"", "<lastName>Smith</lastName>",
            "\"firstName\":\"Petra\"",
            "\"lastName\":\"Local\"", "\"error\":\"invalid_grant\"", "\"is_editor\":true", "\"refresh_token\":\"",
            "", "\"active\":true", "\"preferred_username\":\"alice\"", "\"current\":true", "X-Auth-User: terry-j",
            "204 No Content", "{\"active\":false}",
            "\"LDAPServers\":[{\"Id\":1,\"Name\":\"corp\"},{\"Id\":2,\"Name\":\"partner\"}]", "\"kty\":\"EC\"",
            "\"userinfo_endpoint\":\"http://127.0.0.1:\(ports[0])/api/v1/auth/userinfo\"",
        ]
        #expect(lines.count == wanted.count)
        // One shell for all of them: a line may use what an earlier one has set.
        let script = lines.map { $0 + "\nprintf '\\n=====\\n'\n" }.joined()
        var rest = try await ChildProcess.run("bash", ["-c", script]).output[...]
        for (line, text) in zip(lines, wanted) {
            let end = rest.range(of: "\n=====\n")
            let output = rest[..<(end?.lowerBound ?? rest.endIndex)]
            rest = rest[(end?.upperBound ?? rest.endIndex)...]
            #expect(text.isEmpty || output.range(of: text) != nil, "\(line)\n→ \(output)")
        }
        // The doctor's lines, from another folder.
        let doctor = demo.output.split(separator: "\n").map(String.init).filter { $0.contains(" --config ") }
        #expect(doctor.count == 2)
        let doctors = try await ChildProcess.run("bash", ["-c", "cd /; " + doctor.joined(separator: "\n") + " 2>&1"])
        #expect(doctors.output.contains("✓"), "\(doctors.output) \(doctors.errorOutput)")
        #expect(doctors.output.contains("✗"), "\(doctors.output) \(doctors.errorOutput)")
        await demo.stop(within: .seconds(20))
    }
}
