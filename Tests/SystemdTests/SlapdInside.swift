import Glibc
import TestSupport

/// A slapd of this side in a machine's network.
struct SlapdInside {
    /// Where it listens.
    let url: String
    private let folder: TemporaryDirectory
    private let process: ChildProcess

    /// The one person alice.
    private static let alice = """
        dn: dc=corp,dc=example
        objectClass: dcObject
        objectClass: organization
        dc: corp
        o: Corp

        dn: uid=alice,dc=corp,dc=example
        objectClass: inetOrgPerson
        uid: alice
        cn: Alice
        sn: Able
        userPassword: alice-pw

        """

    /// Makes the directory and waits until it answers.
    ///
    /// - Parameters:
    ///   - tls: for ldaps on port 636; without it, ldap on 389.
    ///   - people: all entries below and with dc=corp,dc=example; alice when nil.
    static func start(
        in machine: Machine,
        tls: CertificateAuthority.Certificate? = nil,
        people: () -> String? = { nil }
    ) async throws -> SlapdInside {
        let folder = try TemporaryDirectory("slapd-inside")
        try folder.write("", to: "db/.made")
        KnownSecrets.shared.add("alice-pw")
        let pair = tls.map { "TLSCertificateFile \($0.certificateFile)\nTLSCertificateKeyFile \($0.keyFile)" }
        let file = try folder.write(
            """
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/inetorgperson.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            pidfile \(folder.path(of: "pid"))
            \(pair ?? "")
            database mdb
            suffix dc=corp,dc=example
            directory \(folder.path(of: "db"))

            """,
            to: "slapd.conf"
        )
        let entries = try folder.write(people() ?? alice, to: "people.ldif")
        try await MachineImage.tool("/usr/sbin/slapadd", ["-q", "-f", file, "-l", entries])
        let url = tls == nil ? "ldap://127.0.0.1:389" : "ldaps://127.0.0.1:636"
        let process = try machine.start("/usr/sbin/slapd", ["-f", file, "-h", url, "-d", "none"])
        let slapd = SlapdInside(url: url, folder: folder, process: process)
        let isUp = try await eventually(within: .seconds(30), every: .milliseconds(100)) {
            // Whether its certificate is good is for others to find out.
            try await machine.outside("env", ["LDAPTLS_REQCERT=never", "ldapwhoami", "-x", "-H", url]).succeeded
        }
        guard isUp else { throw TestSupportError("slapd: \(process.errorOutput)") }
        return slapd
    }

    /// The section of the daemon's configuration.
    var section: String {
        """
        [authentication]
        order = ["corp", "local"]
        [[directory]]
        id = 1
        name = "corp"
        kind = "openldap"
        urls = ["\(url)"]
        user_base = "dc=corp,dc=example"
        domains = ["EXAMPLE.ORG"]
        connect_timeout = "3s"
        operation_timeout = "4s"
        [directory.groups]
        mode = "none"
        """
    }

    /// Stops it from answering, without closing a connection.
    func hang() { process.freeze() }

    /// Lets it go on.
    func goOn() { process.signal(SIGCONT) }

    func stop() async { await process.stop() }
}
