internal import LDAPClient

extension DirectoryGroups {
    /// Whether these settings can work on a kind of server.
    ///
    /// - Throws: `DirectorySettingsError`, naming the key that cannot.
    func check(_ kind: DirectoryKind) throws(DirectorySettingsError) {
        guard mode != .none else { return }
        if mode.needsActiveDirectory { try checkActiveDirectory(kind) }
        if mode == .search, match.isEmpty {
            throw DirectorySettingsError(.missing, key: "groups.match", "name how groups name people, like dn:member")
        }
        if base == nil, mode != .memberOf || nested {
            let why = mode == .memberOf ? "where groups of groups are searched" : "where groups are"
            let instead = mode == .memberOf ? "groups.nested = false" : "groups.mode = \"none\""
            throw DirectorySettingsError(.missing, key: "groups.base", "say \(why), or \(instead)")
        }
        guard AttributeName.isValid(name) else {
            throw DirectorySettingsError(.invalid, key: "groups.name", "“\(name)” is no attribute")
        }
    }

    private func checkActiveDirectory(_ kind: DirectoryKind) throws(DirectorySettingsError) {
        guard kind == .activeDirectory else {
            let what = mode == .inChain ? "the matching rule of" : "an attribute of"
            throw DirectorySettingsError(
                .invalid,
                key: "groups.mode",
                "“\(mode.rawValue)” needs \(what) Active Directory, which kind = \"\(kind.rawValue)\" does not have; "
                    + "use search or member-of, or kind = \"active-directory\""
            )
        }
        guard nested else {
            throw DirectorySettingsError(
                .invalid,
                key: "groups.nested",
                "“\(mode.rawValue)” always finds groups of groups; for direct ones alone use search or member-of"
            )
        }
        // The rule follows DNs and nothing else.
        if mode == .inChain, let other = match.first(where: { !$0.lowercased().hasPrefix("dn:") }) {
            throw DirectorySettingsError(
                .invalid,
                key: "groups.match",
                "“\(other)” cannot be followed by in-chain, which follows DNs, like dn:member"
            )
        }
        if mode == .inChain, match.isEmpty {
            throw DirectorySettingsError(.missing, key: "groups.match", "name how groups name people, like dn:member")
        }
    }
}

extension DirectoryGroups.Mode {
    /// Only Active Directory and Samba can do it.
    var needsActiveDirectory: Bool {
        switch self {
        case .inChain, .tokenGroups: true
        case .none, .search, .memberOf: false
        }
    }
}
