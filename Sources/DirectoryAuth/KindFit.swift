internal import LDAPClient

/// Whether the kind configured fits the server, by what its root DSE says. Pure.
enum KindFit {
    /// The kind a root DSE speaks of; nil when it gives nothing away.
    static func kind(of root: RootDSE) -> DirectoryKind? {
        if root.isActiveDirectory { return .activeDirectory }
        if root.isOpenLDAP { return .openLDAP }
        if root.isFreeIPA { return .freeIPA }
        return root.isDirectoryServer389 ? .directoryServer389 : nil
    }

    /// What the server looks like, for people; nil when it gives nothing away.
    static func name(of root: RootDSE) -> String? {
        let vendor = [root.vendorName, root.vendorVersion].compactMap { $0 }.joined(separator: " ")
        let known: String? =
            switch kind(of: root) {
            case .activeDirectory: "Active Directory"
            case .openLDAP: "OpenLDAP"
            case .freeIPA: "FreeIPA"
            case .directoryServer389: "389 Directory Server"
            case .generic, nil: nil
            }
        guard let known else { return vendor.isEmpty ? nil : vendor }
        return vendor.isEmpty ? known : "\(known) (\(vendor))"
    }

    /// What to do about a kind that does not fit; nil when nothing speaks against it.
    static func remedy(_ configured: DirectoryKind, _ root: RootDSE) -> String? {
        let looks = kind(of: root)
        switch (configured, looks) {
        case (_, configured): return nil
        case (.generic, let looks?):
            return "kind = \"\(looks.rawValue)\" knows this server's ids, groups and account states; “generic” does not"
        case (_, let looks?):
            return "the server looks like kind = \"\(looks.rawValue)\", not “\(configured.rawValue)”"
        // Every Active Directory and 389 Directory Server says what it is; slapd's class may be hidden by an ACL.
        case (.activeDirectory, nil), (.directoryServer389, nil), (.freeIPA, nil):
            return "the server does not look like kind = \"\(configured.rawValue)\"; “generic” fits any LDAPv3 server"
        case (.openLDAP, nil), (.generic, nil): return nil
        }
    }
}
