// Accounts are named by their sAMAccountName; their entries are CN=<name> below OU=People.

import FoundationEssentials

extension SambaServer {
    /// An account's DN.
    public func dn(of user: String) -> String { "CN=\(Self.escapedValue(user)),\(peopleBase)" }

    /// A group's DN.
    public func dn(ofGroup group: String) -> String { "CN=\(Self.escapedValue(group)),\(groupsBase)" }

    /// Makes an ordinary account; attributes replace the defaults of the same name.
    public func addUser(
        _ name: String,
        password: String,
        principalName: String? = nil,
        attributes: [String: String] = [:]
    ) async throws {
        try await modify(
            Self.userLDIF(name, dn: dn(of: name), password, principalName: principalName, attributes: attributes)
        )
    }

    /// Makes a global security group with people and groups in it.
    public func addGroup(_ name: String, users: [String] = [], groups: [String] = []) async throws {
        let members = users.map { dn(of: $0) } + groups.map { dn(ofGroup: $0) }
        let lines =
            [LDIF.line("dn", dn(ofGroup: name)), "objectClass: group", LDIF.line("sAMAccountName", name)]
            + members.map { LDIF.line("member", $0) }
        try await modify(lines.joined(separator: "\n") + "\n\n")
    }

    /// Replaces an attribute; nil takes it away.
    public func set(_ attribute: String, of user: String, to value: String?) async throws {
        try await set(attribute, at: dn(of: user), to: value.map { LDIF.line(attribute, $0) })
    }

    /// Replaces `userAccountControl`: 0x200 is an ordinary account, 0x2 disables it.
    public func setAccountControl(_ user: String, _ flags: Int) async throws {
        try await set("userAccountControl", of: user, to: String(flags))
    }

    /// Disables an account (data 533).
    public func disable(_ user: String) async throws { try await setAccountControl(user, 0x202) }

    /// Makes the password one that must be changed at the next logon (data 773).
    public func requirePasswordChange(_ user: String) async throws { try await set("pwdLastSet", of: user, to: "0") }

    /// Makes the password older than allowed (data 532): it becomes a hundred days old, under a policy of forty-two.
    public func expirePassword(_ user: String) async throws {
        try await addPolicy(for: user, maximumAge: .seconds(42 * 86_400))
        try await setPasswordAge(user, .seconds(100 * 86_400))
    }

    /// Says how old the password is.
    ///
    /// Over LDAP `pwdLastSet` takes only 0 and -1, and Samba takes a maximum age below a day for none; so it is written
    /// past the password module, with what Samba's own tools are made of.
    public func setPasswordAge(_ user: String, _ age: Duration) async throws {
        let seconds = Int64(Date().timeIntervalSince1970) - age.components.seconds
        let outcome = try await ChildProcess.run(
            "/usr/bin/python3",
            ["-c", Self.lastSetScript, configurationFile, dn(of: user), "\((seconds + 11_644_473_600) * 10_000_000)"]
        )
        guard outcome.succeeded else { throw TestSupportError("pwdLastSet of \(user): \(outcome.errorOutput)") }
    }

    private static let lastSetScript = """
        import sys, ldb
        from samba.samdb import SamDB
        from samba.param import LoadParm
        from samba.auth import system_session
        lp = LoadParm()
        lp.load(sys.argv[1])
        db = SamDB(lp=lp, session_info=system_session())
        change = ldb.Message(ldb.Dn(db, sys.argv[2]))
        change["pwdLastSet"] = ldb.MessageElement(sys.argv[3], ldb.FLAG_MOD_REPLACE, "pwdLastSet")
        # DSDB_CONTROL_BYPASS_PASSWORD_HASH_OID
        db.modify(change, controls=["local_oid:1.3.6.1.4.1.7165.4.3.12:0"])
        """

    /// Ends an account's time (data 701) or says when it ends, in seconds since 1970.
    public func expireAccount(_ user: String, at seconds: Int = 1_577_836_800) async throws {
        try await set("accountExpires", of: user, to: String((seconds + 11_644_473_600) * 10_000_000))
    }

    /// Allows no hour of the week (data 530).
    public func forbidAllHours(_ user: String) async throws {
        let line = LDIF.line("logonHours", [UInt8](repeating: 0, count: 21))
        try await set("logonHours", at: dn(of: user), to: line)
    }

    /// Allows one workstation only (data 531).
    public func allowOnly(workstation: String, _ user: String) async throws {
        try await set("userWorkstations", of: user, to: workstation)
    }

    /// Locks an account (data 775) with wrong passwords, as many as the policy takes.
    public func lock(_ user: String) async throws {
        for _ in 0..<max(1, options.lockoutThreshold) {
            _ = try await ChildProcess.run(
                "ldapsearch",
                ["-x", "-H", ldapsURL, "-D", dn(of: user), "-w", "wrong-on-purpose", "-s", "base", "-b", ""],
                environment: ["LDAPTLS_CACERT": caFile, "LDAPTLS_REQCERT": "demand"]
            )
        }
    }

    /// Denies every account the property set “account restrictions” of an account ([MS-ADTS] 3.1.1.2.3.3).
    public func hideAccountRestrictions(of user: String) async throws {
        let outcome = try await ChildProcess.run(
            "samba-tool",
            [
                "dsacl", "set", "--configfile=\(configurationFile)", "--objectdn=\(dn(of: user))",
                "--sddl=(OD;;RP;4c164200-20c0-11d0-a768-00aa006e0529;;AU)",
            ]
        )
        guard outcome.succeeded else { throw TestSupportError("dsacl of \(user): \(outcome.errorOutput)") }
    }

    /// Takes a lock away.
    public func unlock(_ user: String) async throws { try await set("lockoutTime", of: user, to: "0") }

    /// Sets another password, as an administrator.
    public func setPassword(_ user: String, _ password: String) async throws {
        try await set("unicodePwd", at: dn(of: user), to: Self.passwordLine(password))
    }

    /// A password policy for one account (a PSO); it wins over the domain's.
    public func addPolicy(
        for user: String,
        maximumAge: Duration? = nil,
        lockoutThreshold: Int = 0,
        lockoutDuration: Duration = .seconds(1800)
    ) async throws {
        func interval(_ duration: Duration) -> String { "-\(duration.components.seconds * 10_000_000)" }
        let name = "CN=\(Self.escapedValue(user)),CN=Password Settings Container,CN=System,\(suffix)"
        try await modify(
            """
            \(LDIF.line("dn", name))
            objectClass: msDS-PasswordSettings
            msDS-PasswordSettingsPrecedence: 10
            msDS-PasswordReversibleEncryptionEnabled: FALSE
            msDS-PasswordHistoryLength: 0
            msDS-PasswordComplexityEnabled: FALSE
            msDS-MinimumPasswordLength: 1
            msDS-MinimumPasswordAge: 0
            msDS-MaximumPasswordAge: \(maximumAge.map(interval) ?? "\(Int64.min)")
            msDS-LockoutThreshold: \(lockoutThreshold)
            msDS-LockoutObservationWindow: \(interval(lockoutDuration))
            msDS-LockoutDuration: \(interval(lockoutDuration))
            \(LDIF.line("msDS-PSOAppliesTo", dn(of: user)))


            """
        )
    }

    /// The failures the server has counted for an account.
    public func badPasswordCount(_ user: String) async throws -> Int {
        try await values(of: "badPwdCount", at: dn(of: user)).first.flatMap { Int($0) } ?? 0
    }

    /// The containers, the service account and the domain's lock-out policy.
    func populate() async throws {
        func interval(_ duration: Duration) -> String { "-\(duration.components.seconds * 10_000_000)" }
        try await modify(
            """
            dn: \(peopleBase)
            objectClass: organizationalUnit

            dn: \(groupsBase)
            objectClass: organizationalUnit

            \(Self.userLDIF("svc-ldap", dn: serviceDN, servicePassword))dn: \(suffix)
            changetype: modify
            replace: lockoutThreshold
            lockoutThreshold: \(options.lockoutThreshold)
            -
            replace: lockoutDuration
            lockoutDuration: \(interval(options.lockoutDuration))
            -
            replace: lockOutObservationWindow
            lockOutObservationWindow: \(interval(options.lockoutDuration))


            """
        )
    }

    private func set(_ attribute: String, at dn: String, to line: String?) async throws {
        try await modify(
            "\(LDIF.line("dn", dn))\nchangetype: modify\nreplace: \(attribute)\n\(line.map { $0 + "\n" } ?? "")\n"
        )
    }

    private static func userLDIF(
        _ name: String,
        dn: String,
        _ password: String,
        principalName: String? = nil,
        attributes: [String: String] = [:]
    ) -> String {
        var values = [
            "sAMAccountName": name, "userPrincipalName": principalName ?? "\(name)@\(realm.lowercased())",
            "displayName": name, "userAccountControl": "512",
        ]
        values.merge(attributes) { $1 }
        let lines =
            [LDIF.line("dn", dn), "objectClass: user", passwordLine(password)]
            + values.sorted { $0.key < $1.key }.map { LDIF.line($0.key, $0.value) }
        return lines.joined(separator: "\n") + "\n\n"
    }

    /// `unicodePwd`: UTF-16LE in double quotes (MS-ADTS §3.1.1.3.1.5).
    private static func passwordLine(_ password: String) -> String {
        LDIF.line("unicodePwd", "\"\(password)\"".utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] })
    }

    /// RFC 4514 §2.4, every special octet escaped.
    static func escapedValue(_ text: String) -> String {
        text.utf8.map { byte in
            if byte >= 0x80 || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte || 0x41...0x5A ~= byte
                || 0x61...0x7A ~= byte
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".")
            {
                return byte >= 0x80 ? Self.escaped(byte) : String(UnicodeScalar(byte))
            }
            return Self.escaped(byte)
        }.joined()
    }

    private static func escaped(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return "\\" + (digits.count == 1 ? "0" : "") + digits
    }
}
