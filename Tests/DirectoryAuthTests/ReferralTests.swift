import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// A directory that points to other servers: nobody goes there.
@Suite struct ReferralTests {
    @Test func referencesAreDroppedAndReferralsRefused() async throws {
        let elsewhere = try TCPFake.start(.silent)
        var options = Slapd.Options()
        options.extraLDIF = """

            dn: ou=elsewhere,ou=people,dc=example,dc=org
            objectClass: referral
            objectClass: extensibleObject
            ou: elsewhere
            ref: ldap://127.0.0.1:\(elsewhere.port)/ou=elsewhere,dc=example,dc=org

            """
        let slapd = try await Slapd.start(options)
        let live = try LiveDirectory(slapd)
        // The search of a person brings a reference beside the entry.
        _ = try await live.identity("alice", "alice-secret")
        #expect(try await live.rejection("nobody-there", "x").reason == .unknownUser)
        // A bind below it is refused by slapd itself.
        let below = try LiveDirectory(slapd) { settings in
            settings.bindDNTemplate = "uid={username},ou=elsewhere,ou=people,dc=example,dc=org"
        }
        #expect(try await below.rejection("zoe", "x").reason == .wrongPassword)
        // A base that lies elsewhere is a fault of the configuration, and nobody's wrong name or password.
        let based = try LiveDirectory(slapd) { $0.userBase = "ou=elsewhere,ou=people,dc=example,dc=org" }
        guard case .unavailable(let outage) = await based.login("alice", "alice-secret") else {
            Issue.record("a referral was followed or taken for a refusal")
            return
        }
        #expect(outage.detail.contains("10"), "\(outage.detail)")
        await based.directory.shutdown()
        #expect(elsewhere.connections == 0)
        await below.directory.shutdown()
        await live.stop()
    }
}
