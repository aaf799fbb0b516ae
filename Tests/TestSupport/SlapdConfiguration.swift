/// Writes slapd.conf(5) for a set of options.
struct SlapdConfiguration {
    let options: Slapd.Options
    let folder: TemporaryDirectory

    /// Writes the file and the database's folder, and returns the file's path.
    func write() throws -> String {
        try folder.write("", to: "db/.made")
        return try folder.write((globalLines + databaseLines).joined(separator: "\n") + "\n", to: "slapd.conf")
    }

    private var globalLines: [String] {
        var lines = ["core", "cosine", "nis", "inetorgperson"].map { "include /etc/ldap/schema/\($0).schema" }
        lines += ["modulepath /usr/lib/ldap", "moduleload back_mdb", "threads 4"]
        lines.append("pidfile \(folder.path(of: "pid"))")
        if options.memberOf { lines.append("moduleload memberof") }
        if options.passwordPolicy != nil { lines.append("moduleload ppolicy") }
        if let tls = options.tls {
            lines += [
                "TLSCACertificateFile \(tls.clientCAFile)",
                "TLSCertificateFile \(tls.certificate.certificateFile)",
                "TLSCertificateKeyFile \(tls.certificate.keyFile)",
                "TLSVerifyClient \(tls.verifyClient)",
            ]
        }
        if options.ldapi {
            lines.append(
                "authz-regexp \"gidNumber=.*\\+uidNumber=.*,cn=peercred,cn=external,cn=auth\" \"cn=admin,\(options.suffix)\""
            )
        }
        if let limit = options.sizeLimit { lines.append("sizelimit \(limit)") }
        return lines + options.globalLines
    }

    private var databaseLines: [String] {
        var lines = [
            "database mdb",
            "suffix \"\(options.suffix)\"",
            "rootdn \"cn=admin,\(options.suffix)\"",
            "rootpw \(Slapd.adminPassword)",
            "directory \(folder.path(of: "db"))",
            "maxsize 1073741824",
            "dbnosync",
            "index objectClass,uid,cn,member,memberUid,mail,entryUUID eq",
        ]
        lines += accessRules.map { "access \($0)" }
        lines += options.databaseLines
        if options.memberOf { lines += ["overlay memberof", "memberof-group-oc groupOfNames", "memberof-refint TRUE"] }
        if options.passwordPolicy != nil {
            lines += ["overlay ppolicy", "ppolicy_default \"cn=default,ou=policies,\(options.suffix)\""]
            if options.policyTellsLockout { lines.append("ppolicy_use_lockout") }
        }
        return lines
    }

    private var accessRules: [String] {
        if let rules = options.accessRules { return rules }
        let service = "dn.exact=\"cn=service,\(options.suffix)\""
        return [
            "to attrs=userPassword by self =xw by anonymous auth by * none",
            options.anonymousMayRead
                ? "to * by \(service) read by self write by * read"
                : "to * by \(service) read by anonymous auth by users read",
        ]
    }

    /// The folder of policies with the default one.
    static func policyLDIF(_ suffix: String, _ attributes: [String: String]) -> String {
        var text = """

            dn: ou=policies,\(suffix)
            objectClass: organizationalUnit
            ou: policies

            dn: cn=default,ou=policies,\(suffix)
            objectClass: person
            objectClass: pwdPolicy
            cn: default
            sn: default
            pwdAttribute: userPassword

            """
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) { text += "\(name): \(value)\n" }
        return text
    }
}
