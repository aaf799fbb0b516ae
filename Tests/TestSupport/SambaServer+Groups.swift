// Groups anywhere in the domain, of any kind, in any number.

extension SambaServer {
    /// What a group is for (MS-ADTS §2.2.12).
    public enum GroupType: Int, Sendable {
        /// May hold people and groups of its own domain.
        case global = -2_147_483_646
        /// May hold global groups.
        case domainLocal = -2_147_483_644
        /// Grants nothing: a list of mail addresses.
        case distribution = 2
    }

    /// Makes a container at the top of the domain; its DN.
    public func addOrganizationalUnit(_ name: String) async throws -> String {
        let dn = "OU=\(Self.escapedValue(name)),\(suffix)"
        try await modify("\(LDIF.line("dn", dn))\nobjectClass: organizationalUnit\n\n")
        return dn
    }

    /// Makes a group in a container; its DN.
    ///
    /// - Parameter members: DNs.
    @discardableResult
    public func addGroup(
        _ name: String,
        in container: String,
        members: [String] = [],
        type: GroupType = .global,
        accountName: String? = nil
    ) async throws -> String {
        let dn = "CN=\(Self.escapedValue(name)),\(container)"
        let lines =
            [
                LDIF.line("dn", dn), "objectClass: group", "groupType: \(type.rawValue)",
                LDIF.line("sAMAccountName", accountName ?? name),
            ] + members.map { LDIF.line("member", $0) }
        try await modify(lines.joined(separator: "\n") + "\n\n")
        return dn
    }

    /// Makes a group the primary one of somebody, who then is no `member` of it any more.
    public func setPrimaryGroup(of user: String, to group: String) async throws {
        try await modify(
            "\(LDIF.line("dn", group))\nchangetype: modify\nadd: member\n\(LDIF.line("member", dn(of: user)))\n\n"
        )
        let identifier = try await values(of: "primaryGroupToken", at: group).first
        try await set("primaryGroupID", of: user, to: identifier)
    }

    /// Makes very many groups with one member, `<prefix>0` and so on, past the server and in one transaction: over LDAP
    /// that takes minutes.
    public func addGroups(_ count: Int, prefix: String, in container: String, member: String) async throws {
        let outcome = try await ChildProcess.run(
            "/usr/bin/python3",
            ["-c", Self.manyGroupsScript, configurationFile, "\(count)", prefix, container, member],
            within: .seconds(240)
        )
        guard outcome.succeeded else { throw TestSupportError("\(count) groups: \(outcome.errorOutput)") }
    }

    private static let manyGroupsScript = """
        import sys
        from samba.samdb import SamDB
        from samba.param import LoadParm
        from samba.auth import system_session
        lp = LoadParm()
        lp.load(sys.argv[1])
        db = SamDB(lp=lp, session_info=system_session())
        _, _, count, prefix, container, member = sys.argv[:6]
        db.transaction_start()
        for number in range(int(count)):
            name = prefix + str(number)
            db.add({"dn": "CN=%s,%s" % (name, container), "objectClass": "group", "sAMAccountName": name, "member": member})
        db.transaction_commit()
        """
}
