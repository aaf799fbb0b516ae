import LDAPClient
import Testing

@Suite struct RootDSETests {
    private func rootDSE(_ attributes: [(String, [String])]) -> RootDSE {
        RootDSE(entry: LDAPEntry(dn: "", attributes: attributes.map { ($0.0, $0.1.map { Array($0.utf8) }) }))
    }

    @Test func readsActiveDirectory() {
        let root = rootDSE([
            ("namingContexts", ["DC=corp,DC=example", "CN=Configuration,DC=corp,DC=example"]),
            ("defaultnamingcontext", ["DC=corp,DC=example"]),
            ("supportedCapabilities", ["1.2.840.113556.1.4.800", "1.2.840.113556.1.4.1670"]),
            ("supportedControl", ["1.2.840.113556.1.4.319"]), ("supportedSASLMechanisms", ["gss-spnego", "GSSAPI"]),
            ("currentTime", ["20261122061300.0Z"]), ("vendorName", ["Samba Team (https://www.samba.org)"]),
        ])
        #expect(root.isActiveDirectory)
        #expect(!root.isOpenLDAP)
        #expect(root.namingContexts.count == 2)
        #expect(root.defaultNamingContext == "DC=corp,DC=example")
        #expect(root.supportedSASLMechanisms == ["GSS-SPNEGO", "GSSAPI"])
        #expect(root.supportsPaging && !root.supportsStartTLS && !root.supportsPasswordPolicy)
        #expect(root.currentTime == 1_795_327_980)
        #expect(root.vendorName == "Samba Team (https://www.samba.org)")
    }

    @Test func readsOpenLDAPAndNothing() {
        let root = rootDSE([
            ("objectClass", ["top", "OpenLDAProotDSE"]), ("supportedExtension", ["1.3.6.1.4.1.1466.20037"]),
            ("supportedControl", ["1.3.6.1.4.1.42.2.27.8.5.1"]),
        ])
        #expect(root.isOpenLDAP && root.supportsStartTLS && root.supportsPasswordPolicy && !root.isActiveDirectory)
        let empty = rootDSE([])
        #expect(empty.namingContexts.isEmpty && empty.currentTime == nil && !empty.isActiveDirectory)
        #expect(empty.vendorVersion == nil)
    }
}
