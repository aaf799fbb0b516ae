extension RootDSE {
    /// The attributes to ask for by name: most are operational, and `*` alone would not bring them (RFC 4512 §5.1).
    public static let attributes = [
        "namingContexts", "defaultNamingContext", "supportedControl", "supportedExtension", "supportedCapabilities",
        "supportedSASLMechanisms", "supportedLDAPVersion", "vendorName", "vendorVersion", "currentTime", "dnsHostName",
        "objectClass",
    ]

    /// The suffixes the server holds.
    public var namingContexts: [String] { texts("namingContexts") }
    /// The domain's own suffix, where the server names one (Active Directory).
    public var defaultNamingContext: String? { entry.text("defaultNamingContext") }
    /// Controls by object identifier.
    public var supportedControls: Set<String> { Set(texts("supportedControl")) }
    /// Extended operations by object identifier.
    public var supportedExtensions: Set<String> { Set(texts("supportedExtension")) }
    /// SASL mechanisms, in capital letters.
    public var supportedSASLMechanisms: Set<String> { Set(texts("supportedSASLMechanisms").map { $0.uppercased() }) }
    /// Who made the server; OpenLDAP and Active Directory do not say.
    public var vendorName: String? { entry.text("vendorName") }
    /// Which version it is.
    public var vendorVersion: String? { entry.text("vendorVersion") }

    /// True for Active Directory and Samba (LDAP_CAP_ACTIVE_DIRECTORY_OID).
    public var isActiveDirectory: Bool { texts("supportedCapabilities").contains("1.2.840.113556.1.4.800") }

    /// True for OpenLDAP, whose root DSE has a class of its own.
    public var isOpenLDAP: Bool { texts("objectClass").contains { $0.lowercased() == "openldaprootdse" } }

    /// True for 389 Directory Server and its relatives, FreeIPA among them: `389-Directory/2.3`.
    public var isDirectoryServer389: Bool {
        vendorVersion?.contains("-Directory/") ?? false || vendorName == "389 Project"
    }

    /// True for FreeIPA, whose topology plug-in signs the root DSE.
    public var isFreeIPA: Bool { !entry["ipaTopologyPluginVersion"].isEmpty || !entry["ipaDomainLevel"].isEmpty }

    /// The server's clock in seconds since 1970, where it tells (Active Directory).
    public var currentTime: Int64? { entry.text("currentTime").flatMap(GeneralizedTime.seconds) }

    /// Whether StartTLS is offered (RFC 4511 §4.14).
    public var supportsStartTLS: Bool { supportedExtensions.contains("1.3.6.1.4.1.1466.20037") }
    /// Whether searches may be paged (RFC 2696).
    public var supportsPaging: Bool { supportedControls.contains("1.2.840.113556.1.4.319") }
    /// Whether the password policy control is known.
    public var supportsPasswordPolicy: Bool { supportedControls.contains(PasswordPolicyControl.oid) }

    private func texts(_ attribute: String) -> [String] {
        entry[attribute].compactMap { String(validating: $0, as: UTF8.self) }
    }
}
