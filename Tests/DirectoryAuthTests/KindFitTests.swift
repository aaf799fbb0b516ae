import LDAPClient
import Testing

@testable import DirectoryAuth

/// Root DSEs that no server here has.
@Suite struct KindFitTests {
    static func root(_ attributes: [(String, String)]) -> RootDSE {
        RootDSE(entry: LDAPEntry(dn: "", attributes: attributes.map { ($0.0, [Array($0.1.utf8)]) }))
    }

    static let rows: [([(String, String)], DirectoryKind?)] = [
        ([], nil),
        ([("vendorName", "Oracle Corporation"), ("vendorVersion", "Oracle-Directory-Server-EE/11")], nil),
        ([("vendorName", "389 Project"), ("vendorVersion", "389-Directory/2.3.1 B2025")], .directoryServer389),
        ([("vendorName", "Red Hat"), ("vendorVersion", "Red Hat-Directory/9.0.0")], .directoryServer389),
        (
            [
                ("vendorName", "389 Project"), ("vendorVersion", "389-Directory/2.4.5"),
                ("ipatopologypluginversion", "1.0"), ("ipadomainlevel", "1"),
            ], .freeIPA
        ),
        ([("supportedCapabilities", "1.2.840.113556.1.4.800")], .activeDirectory),
        // AD LDS holds no accounts of a domain.
        ([("supportedCapabilities", "1.2.840.113556.1.4.1851")], nil),
        ([("objectClass", "OpenLDAProotDSE")], .openLDAP),
    ]

    @Test(arguments: rows.indices) func theRootDSETells(_ index: Int) {
        let (attributes, kind) = Self.rows[index]
        let root = Self.root(attributes)
        #expect(KindFit.kind(of: root) == kind)
        for configured in DirectoryKind.allCases {
            let remedy = KindFit.remedy(configured, root)
            if configured == kind { #expect(remedy == nil) }
            if let kind, configured != kind { #expect(remedy?.contains("\"\(kind.rawValue)\"") == true) }
            if kind == nil {
                // A slapd may hide what it is, the others never do.
                #expect((remedy == nil) == (configured == .generic || configured == .openLDAP), "\(configured)")
            }
        }
    }
}
