import TestSupport
import Testing

/// `systemctl reload`, and what an administrator is told.
@Suite struct ReloadTests {
    private static let file = "/etc/ldapauthd/ldapauthd.toml"

    @Test func aGoodConfigurationCountsAndABadOneChangesNothing() async throws {
        try await Machine.run { machine in
            try await machine.serve()
            let main = try await machine.property("MainPID")
            let token = try #require(try await machine.login().text("refresh_token"))
            func mobile() async throws -> Int {
                try await machine.curl([
                    "http://127.0.0.1:8480/api/v1/auth/token", "-d",
                    "grant_type=password&client_id=mobile&username=lisa&password=lisa-pw",
                ]).status
            }
            #expect(try await mobile() == 401)

            let client = "[[client]]\nid = \"mobile\"\ngrants = [\"password\"]\n"
            try await machine.write(Machine.configuration(client), to: Self.file)
            try await machine.shell("systemctl reload ldapauthd")
            #expect(try await mobile() == 200)

            // The bad one lacks the client: were it half in force, the client would be gone.
            try await machine.write(Machine.configuration("[tokens]\naccess_lifetim = \"5m\"\n"), to: Self.file)
            let refused = try await machine.command("systemctl", "reload", "ldapauthd")
            #expect(!refused.succeeded)
            #expect(try await machine.journal(has: "did you mean “access_lifetime”?"))
            #expect(try await machine.property("ActiveState") == "active")
            #expect(try await mobile() == 200)
            #expect(try await machine.refresh(token).status == 200)

            // Without systemctl: the command tells the same, with the code of a wrong configuration.
            let command = try await machine.command("ldapauthd", "reload")
            #expect(command.exit == .code(78))
            #expect(command.errorOutput.range(of: "access_lifetim") != nil)

            // And the signal, for who has neither.
            try await machine.write(Machine.configuration(), to: Self.file)
            try await machine.shell("systemctl kill -s HUP --kill-whom=main ldapauthd")
            #expect(try await eventually(within: .seconds(30)) { try await mobile() == 401 })
            #expect(try await machine.property("MainPID") == main)
        }
    }

    @Test func aCertificateIsReplacedWhileItRuns() async throws {
        try await Machine.run { machine in
            let authority = try await CertificateAuthority.make()
            func install(_ pair: CertificateAuthority.Certificate) async throws {
                try await machine.write(text(ofFile: pair.certificateFile), to: "/etc/ldapauthd/tls/fullchain.pem")
                try await machine.write(text(ofFile: pair.keyFile), to: "/etc/ldapauthd/tls/key.pem")
            }
            func serial() async throws -> String {
                try await machine.outside(
                    "sh",
                    [
                        "-c",
                        "openssl s_client -connect 127.0.0.1:8480 -CAfile \(authority.certificateFile) "
                            + "-verify_return_error </dev/null 2>/dev/null | openssl x509 -noout -serial",
                    ]
                ).output
            }
            let tls = """
                [http.tls]
                certificate_file = "/etc/ldapauthd/tls/fullchain.pem"
                key_file = "/etc/ldapauthd/tls/key.pem"
                """
            try await install(try await authority.issue())
            try await machine.serve(Machine.configuration(tls, http: "listen = [\"127.0.0.1:8480\"]"))
            let main = try await machine.property("MainPID")
            let url = "https://127.0.0.1:8480"
            let trust = ["--cacert", authority.certificateFile]
            #expect(try await machine.login(url: url, trust).status == 200)
            let first = try await serial()
            #expect(!first.isEmpty)

            try await install(try await authority.issue())
            try await machine.shell("systemctl reload ldapauthd")
            let second = try await serial()
            #expect(second != first && !second.isEmpty)

            // Half a pair: the certificate is a new one, the key is not its own.
            try await machine.write(
                text(ofFile: try await authority.issue().certificateFile),
                to: "/etc/ldapauthd/tls/fullchain.pem"
            )
            #expect(try await machine.command("systemctl", "reload", "ldapauthd").succeeded == false)
            #expect(try await serial() == second)
            #expect(try await machine.login(url: url, trust).status == 200)
            #expect(try await machine.property("MainPID") == main)
        }
    }
}
