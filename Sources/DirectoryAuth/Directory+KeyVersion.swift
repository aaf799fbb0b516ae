internal import LDAPClient

extension Directory {
    /// The version of the key of a service's account in Active Directory (msDS-KeyVersionNumber, MS-ADTS §3.1.1.4.5.16);
    /// nil when there is no such account or it cannot be read. The account may lie outside `user_base`.
    public func keyVersion(ofService name: String, deadline: ContinuousClock.Instant) async -> Int? {
        guard let host = hosts.roster.hosts.first, let root = try? await host.rootDSE(deadline: deadline),
            let base = root.defaultNamingContext ?? root.namingContexts.first
        else { return nil }
        let request = SearchRequest(
            base: base,
            scope: .subtree,
            filter: .equal(attribute: "servicePrincipalName", value: Array(name.utf8)),
            attributes: ["msDS-KeyVersionNumber"],
            sizeLimit: 2
        )
        let entries = try? await hosts.search(request, deadline: deadline).entries
        guard let entries, entries.count == 1 else { return nil }
        return entries[0].text("msDS-KeyVersionNumber").flatMap { Int($0) }
    }
}
