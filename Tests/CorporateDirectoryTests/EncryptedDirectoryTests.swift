import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// The same logins over ldaps and StartTLS, at each server: its TLS library is another than ours.
@Suite struct EncryptedDirectoryTests {
    @Test func directoryServer389SpeaksBoth() async throws {
        let authority = try await CertificateAuthority.make()
        let stranger = try await CertificateAuthority.make("Another CA")
        var options = DirectoryServer389.Options()
        options.tls = try await authority.issue()
        let server = try await DirectoryServer389.start(options)
        for (url, startTLS) in [(server.ldapsURL, false), (server.url, true)] {
            let live = try CorporateDirectory(server) { settings in
                settings.hosts[0].url = (try? LDAPURL(url)) ?? settings.hosts[0].url
                settings.hosts[0].startTLS = startTLS
                settings.hosts[0].tls = LDAPTLSSettings(caFile: authority.certificateFile)
            }
            let alice = try await live.identity("alice", "alice-secret")
            #expect(alice.groups.contains("developers"))
            #expect(Told(await live.login("alice", "wrong")) == .hidden(.wrongPassword))
            #expect(Refreshed(await live.recheck(alice)) == .goesOn)
            let steps = await DirectoryProbe(live.directory).run(deadline: .now + .seconds(30))
            let tls = try #require(steps.first { $0.name == .tls })
            #expect(tls.verdict == .passed && tls.message.contains("TLS"), "\(tls)")
            await live.directory.shutdown()

            let distrusting = try CorporateDirectory(server) { settings in
                settings.hosts[0].url = (try? LDAPURL(url)) ?? settings.hosts[0].url
                settings.hosts[0].startTLS = startTLS
                settings.hosts[0].tls = LDAPTLSSettings(caFile: stranger.certificateFile)
            }
            guard case .unavailable(let outage) = await distrusting.login("alice", "alice-secret") else {
                Issue.record("a certificate of nobody was trusted")
                continue
            }
            #expect(outage.detail.contains("issued by “Test CA”, which is not in"), "\(outage.detail)")
            await distrusting.directory.shutdown()
        }
        await server.stop()
    }
}
