import Glibc
import TestSupport

/// A slapd of this side in a machine's network, with the one person alice.
struct SlapdInside {
    /// Where it listens.
    let url = "ldap://127.0.0.1:389"
    private let folder: TemporaryDirectory
    private let process: ChildProcess

    /// Makes the directory and waits until it answers.
    static func start(in machine: Machine) async throws -> SlapdInside {
        let folder = try TemporaryDirectory("slapd-inside")
        try folder.write("", to: "db/.made")
        let file = try folder.write(
            """
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/inetorgperson.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            pidfile \(folder.path(of: "pid"))
            database mdb
            suffix dc=corp,dc=example
            directory \(folder.path(of: "db"))

            """,
            to: "slapd.conf"
        )
        let people = try folder.write(
            """
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

            """,
            to: "people.ldif"
        )
        try await MachineImage.tool("/usr/sbin/slapadd", ["-q", "-f", file, "-l", people])
        let process = try machine.start(
            "/usr/sbin/slapd",
            ["-f", file, "-h", "ldap://127.0.0.1:389", "-d", "none"]
        )
        let slapd = SlapdInside(folder: folder, process: process)
        let isUp = try await eventually(within: .seconds(30), every: .milliseconds(100)) {
            try await machine.outside("ldapwhoami", ["-x", "-H", slapd.url]).succeeded
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
        connect_timeout = "1s"
        operation_timeout = "1s"
        [directory.groups]
        mode = "none"
        """
    }

    /// Stops it from answering, without closing a connection.
    func hang() { process.signal(SIGSTOP) }

    /// Lets it go on.
    func goOn() { process.signal(SIGCONT) }

    func stop() async { await process.stop() }
}
