import LDAPClient
import Testing

@Suite struct LDAPURLTests {
    @Test(arguments: [
        (
            "ldap://ldap1.example.org", LDAPURL(scheme: .ldap, host: "ldap1.example.org", port: 389),
            "ldap://ldap1.example.org"
        ),
        (
            "LDAPS://LDAP1.Example.org/", LDAPURL(scheme: .ldaps, host: "ldap1.example.org", port: 636),
            "ldaps://ldap1.example.org"
        ),
        ("ldap://127.0.0.1:3389", LDAPURL(scheme: .ldap, host: "127.0.0.1", port: 3389), "ldap://127.0.0.1:3389"),
        ("ldaps://[::1]", LDAPURL(scheme: .ldaps, host: "::1", port: 636), "ldaps://[::1]"),
        ("ldap://[2001:DB8::7]:389", LDAPURL(scheme: .ldap, host: "2001:db8::7", port: 389), "ldap://[2001:db8::7]"),
        (
            "ldap://srv_1.example.org.", LDAPURL(scheme: .ldap, host: "srv_1.example.org.", port: 389),
            "ldap://srv_1.example.org."
        ),
        ("ldapi:///", LDAPURL(scheme: .ldapi, host: "/var/run/slapd/ldapi", port: 0), "ldapi:///"),
        (
            "ldapi://%2Frun%2fmy%20ldapi", LDAPURL(scheme: .ldapi, host: "/run/my ldapi", port: 0),
            "ldapi://%2Frun%2Fmy%20ldapi"
        ),
    ])
    func reads(text: String, url: LDAPURL, written: String) throws {
        let read = try LDAPURL(text)
        #expect(read == url)
        #expect(read.description == written)
        #expect(try LDAPURL(written) == url)
    }

    @Test(arguments: [
        ("ldap1.example.org", "no “://”"),
        ("", "no “://”"),
        ("http://x", "unknown scheme “http”"),
        ("ldap://", "no host"),
        ("ldap:///", "no host"),
        ("ldap://:389", "no host"),
        ("ldap://host:", "port “”"),
        ("ldap://host:0", "port “0”"),
        ("ldap://host:65536", "port “65536”"),
        ("ldap://host:+1", "port “+1”"),
        ("ldap://host:389x", "port “389x”"),
        ("ldap://::1", "in brackets"),
        ("ldap://[::1", "“[” without “]”"),
        ("ldap://[host]", "no IPv6 address"),
        ("ldap://[::1]x", "no port"),
        ("ldap://host/dc=example,dc=org", "have no place here; bases"),
        ("ldap://host?uid", "“?”"),
        ("ldap://user@host", "“@”"),
        ("ldap://ho st", "cannot be part"),
        ("ldap://a..b", "empty"),
        ("ldap://büro.example", "ASCII form"),
        ("ldap://1.2.3", "no IPv4 address"),
        ("ldap://1.2.3.256", "no IPv4 address"),
        ("ldap://\(String(repeating: "a", count: 64))", "longer than 63"),
        ("ldapi://run/ldapi", "%2F"),
        ("ldapi://run", "must begin with"),
        ("ldapi://%2Frun%2", "two hexadecimal digits"),
        ("ldapi://%2Fa%00", "no text"),
        ("ldapi://%2F\(String(repeating: "a", count: 107))", "longer than 107"),
    ])
    func refuses(text: String, why: String) {
        let error = #expect(throws: LDAPError.self) { try LDAPURL(text) }
        #expect(error?.code == .invalidArgument)
        let message = why.hasPrefix("have") ? "has no place here; bases" : why
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        ("ldap://localhost", true), ("ldap://127.8.0.1", true), ("ldap://[::1]", true), ("ldapi:///", true),
        ("ldap://127.example.org", false), ("ldap://10.0.0.1", false), ("ldaps://localhost.example.org", false),
    ])
    func knowsLoopback(text: String, isLoopback: Bool) throws {
        #expect(try LDAPURL(text).isLoopback == isLoopback)
    }
}
