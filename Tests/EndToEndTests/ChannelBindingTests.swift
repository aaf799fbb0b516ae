import TestSupport
import Testing

/// Tickets bound to the TLS connection, over our own listener.
@Suite struct ChannelBindingTests {
    private func make(_ policy: String, _ authority: CertificateAuthority, proxies: String = "") async throws
        -> KerberosSetting
    {
        let certificate = try await authority.issue()
        return try await KerberosSetting.make(
            kerberos: "channel_binding = \"\(policy)\"",
            http: """
                \(proxies)
                [http.tls]
                certificate_file = "\(certificate.certificateFile)"
                key_file = "\(certificate.keyFile)"
                """
        )
    }

    @Test(arguments: [
        ("none", 200, 200, 200), ("allow", 200, 200, 401), ("require", 401, 200, 401),
    ])
    func everyPolicyMeansWhatItSays(policy: String, none: Int, right: Int, wrong: Int) async throws {
        let authority = try await CertificateAuthority.make()
        let setting = try await make(policy, authority)
        try await setting.daemon.start()
        let client = try await setting.tickets(of: "alice")
        for (binding, expected) in [(TicketClient.Binding.none, none), (.right, right), (.wrong, wrong)] {
            let status = try await TicketClient.status(
                port: setting.daemon.port,
                caFile: authority.certificateFile,
                binding,
                environment: client
            )
            #expect(status == expected, "\(policy), \(binding): \(setting.daemon.log.suffix(800))")
        }
        if policy == "require" {
            #expect(await setting.daemon.logged().contains("ticket-channel-binding-missing"))
            #expect(setting.daemon.log.contains("ticket-channel-binding-mismatch"))
        }
        await setting.stop()
    }

    @Test func aBindingToTheProxysCertificateIsNotHeldAgainstTheClient() async throws {
        let authority = try await CertificateAuthority.make()
        let setting = try await make("allow", authority, proxies: "trusted_proxies = [\"127.0.0.1\"]")
        try await setting.daemon.start()
        let client = try await setting.tickets(of: "alice")
        let status = try await TicketClient.status(
            port: setting.daemon.port,
            caFile: authority.certificateFile,
            .wrong,
            forwardedFor: "192.0.2.7",
            environment: client
        )
        #expect(status == 200)
        await setting.stop()
    }

    @Test func requireNeedsAListenerOfOurOwn() async throws {
        let setting = try await KerberosSetting.make(kerberos: "channel_binding = \"require\"")
        let check = try await setting.daemon.command(["check"])
        #expect(check.exit == .code(78))
        #expect(check.errorOutput.contains("kerberos.channel_binding"), "\(check.errorOutput)")
        await setting.stop()
    }
}
