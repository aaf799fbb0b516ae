import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

/// Which entry a Kerberos principal is, by kind of directory.
@Suite struct PrincipalFilterTests {
    @Test(arguments: [
        (
            DirectoryKind.activeDirectory, "alice",
            "(|(sAMAccountName=alice)(userPrincipalName=alice@CORP.EXAMPLE))"
        ),
        (.activeDirectory, "c.jones@corp.example", "(userPrincipalName=c.jones@corp.example)"),
        (.freeIPA, "alice", "(|(uid=alice)(krbPrincipalName=alice@CORP.EXAMPLE))"),
        (.openLDAP, "alice", "(uid=alice)"), (.directoryServer389, "alice", "(uid=alice)"),
        (.generic, "a*)(uid=b", #"(uid=a\2A\29\28uid=b)"#),
    ])
    func isOfTheKind(_ kind: DirectoryKind, _ name: String, _ filter: String) throws {
        let made = PrincipalFilter.filter(
            SignOnPrincipal(name: name, realm: "CORP.EXAMPLE"),
            kind: kind,
            username: "uid"
        )
        #expect(made.description.lowercased() == filter.lowercased())
    }
}
