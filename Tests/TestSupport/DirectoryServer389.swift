// API: let ds = try await DirectoryServer389.start()                // SampleDirectory below dc=example,dc=org, some 2 s
//      var options = DirectoryServer389.Options(); options.policy = ["passwordMaxFailure": "3", "passwordLockout": "on"]
//      options.tls = try await authority.issue()                 // ds.ldapsURL, and StartTLS at ds.url
//      ds.url, .port, .serviceDN/.servicePassword, .adminDN/.adminPassword (the Directory Manager; no policy applies)
//      try await ds.modify(ldif); try await ds.values(of: "nsAccountLock", at: dn); ds.bindRequests(dn:)
//      ds.pause(); ds.resume(); try await ds.restart(); await ds.stop()

import FoundationEssentials
import Glibc

/// A real 389 Directory Server on loopback, in a folder of its own.
///
/// It is made from the package's own template of dse.ldif: `dscreate` does the same and more, but wants systemd. Run by
/// root it serves as nobody.
public final class DirectoryServer389: Sendable {
    /// How the server is set up.
    public struct Options: Sendable {
        /// The database's suffix.
        public var suffix = "dc=example,dc=org"
        /// The global password policy: attributes of `cn=config`.
        public var policy: [String: String] = [:]
        /// The memberOf plug-in.
        public var memberOf = false
        /// Whether the 7-bit check refuses uid and mail outside ASCII, as it does in a fresh installation.
        public var sevenBitCheck = false
        /// Added to the sample over LDAP.
        public var extraLDIF = ""
        /// False leaves the sample out.
        public var hasSample = true
        /// Attributes that may be read anonymously are everything but passwords; false refuses anonymous searches.
        public var anonymousMayRead = true
        /// The server's certificate: ldaps:// at `ldapsPort`, and StartTLS at `port`.
        public var tls: CertificateAuthority.Certificate?
        /// Files of schema (LDIF of `cn=schema`) by name, e.g. `61ipa.ldif`.
        public var schema: [String: String] = [:]

        /// The sample directory, anonymous reads allowed.
        public init() {}
    }

    /// How it was set up.
    public let options: Options
    /// The port of ldap://.
    public let port: Int
    /// The port of ldaps://, where `tls` is set.
    public let ldapsPort: Int
    let folder: TemporaryDirectory
    private let process: Replaceable<ChildProcess>

    private init(_ options: Options, ports: (Int, Int), folder: TemporaryDirectory, process: ChildProcess) {
        self.options = options
        (port, ldapsPort) = ports
        self.folder = folder
        self.process = Replaceable(process)
    }

    deinit { process.value.kill() }

    /// `ldap://127.0.0.1:PORT`
    public var url: String { "ldap://127.0.0.1:\(port)" }
    /// `ldaps://127.0.0.1:PORT`
    public var ldapsURL: String { "ldaps://127.0.0.1:\(ldapsPort)" }
    /// The Directory Manager.
    public var adminDN: String { Self.adminDN }
    /// The Directory Manager's password.
    public var adminPassword: String { Self.adminPassword }
    /// An ordinary service account of the sample.
    public var serviceDN: String { "cn=service,\(options.suffix)" }
    /// The service account's password.
    public var servicePassword: String { SampleDirectory.servicePassword }
    /// Process id of the server running now.
    public var pid: Int32 { process.value.pid }

    private static let adminDN = "cn=Directory Manager"
    private static let adminPassword = "admin-secret"
    private static let templates = "/usr/share/dirsrv/data"

    /// Makes the instance, starts it, fills it, and waits until it answers.
    public static func start(_ options: Options = Options()) async throws -> DirectoryServer389 {
        let folder = try TemporaryDirectory("ds389")
        for part in ["lock", "tmp", "cert", "ldif", "bak", "run", "inst", "log", "db"] {
            try folder.write("", to: "\(part)/.made")
        }
        for name in ["certmap.conf", "slapd-collations.conf"] {
            try folder.write(bytes(ofFile: "/etc/dirsrv/config/\(name)"), to: "etc/\(name)")
        }
        try folder.write(bytes(ofFile: "/etc/dirsrv/schema/99user.ldif"), to: "etc/schema/99user.ldif")
        for (name, text) in options.schema { try folder.write(text, to: "etc/schema/\(name)") }
        if let tls = options.tls { try await importCertificate(tls, into: folder) }
        var lastError: any Error = TestSupportError("ns-slapd did not start")
        for _ in 0..<8 {
            let port = try freePort()
            try folder.write(try await configuration(options, folder, port: port), to: "etc/dse.ldif")
            if getuid() == 0 { _ = try await ChildProcess.run("chown", ["-R", "nobody", folder.path]) }
            do {
                let child = try await launch(folder, port: port)
                let ports = (port, try freePort())
                let server = DirectoryServer389(options, ports: ports, folder: folder, process: child)
                try await server.populate()
                if options.tls != nil { try await server.switchOnTLS() }
                return server
            } catch { lastError = error }
        }
        throw lastError
    }

    /// Stops it gracefully (SIGTERM) and keeps its data.
    public func stop() async { await process.value.stop(within: .seconds(15)) }

    /// Kills it as a crash would.
    public func kill() { process.value.kill() }

    /// Freezes it: the kernel still accepts connections, nobody answers.
    public func pause() { process.value.freeze() }

    /// Goes on after `pause()`.
    public func resume() { process.value.signal(SIGCONT) }

    /// Starts it again on the same port with the same data, stopping it first where it still runs.
    public func restart() async throws {
        await stop()
        process.value = try await Self.launch(folder, port: port)
    }

    private static func launch(_ folder: TemporaryDirectory, port: Int) async throws -> ChildProcess {
        // Not root's to give up: a change of credentials clears the signal that ends it with its test (PR_SET_PDEATHSIG, prctl(2)).
        let asNobody = [
            "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "--pdeathsig", "KILL", "--",
        ]
        let command = (getuid() == 0 ? asNobody : []) + ["/usr/sbin/ns-slapd"]
        let child = try ChildProcess.start(
            command[0],
            command.dropFirst() + ["-D", folder.path(of: "etc"), "-i", folder.path(of: "run/pid"), "-d", "0"],
            errorFile: folder.path(of: "console")
        )
        let answered = await eventually(within: .seconds(40), every: .milliseconds(30)) {
            child.exit != nil || LDAPProbe.answers(port: port)
        }
        if answered, child.exit == nil { return child }
        child.kill()
        let said = text(ofFile: folder.path(of: "console")) + text(ofFile: folder.path(of: "log/errors"))
        throw TestSupportError("ns-slapd on port \(port): \(said.suffix(2_000))")
    }

    /// The package's template with everything filled in, on loopback only.
    private static func configuration(
        _ options: Options,
        _ folder: TemporaryDirectory,
        port: Int
    ) async throws -> String {
        let hashed = try await ChildProcess.run("pwdhash", ["-s", "PBKDF2-SHA512", adminPassword])
        guard hashed.succeeded else { throw TestSupportError("pwdhash: \(hashed.errorOutput)") }
        let values = [
            "schema_dir": folder.path(of: "etc/schema"), "lock_dir": folder.path(of: "lock"),
            "tmp_dir": folder.path(of: "tmp"), "cert_dir": folder.path(of: "cert"),
            "ldif_dir": folder.path(of: "ldif"), "bak_dir": folder.path(of: "bak"),
            "run_dir": folder.path(of: "run"), "inst_dir": folder.path(of: "inst"),
            "log_dir": folder.path(of: "log"), "config_dir": folder.path(of: "etc"),
            "db_dir": folder.path(of: "db"), "db_home_dir": folder.path(of: "db"), "db_lib": "bdb",
            "fqdn": "localhost", "ds_port": "\(port)\nnsslapd-listenhost: 127.0.0.1",
            "ds_user": getuid() == 0 ? "nobody" : currentUser(), "rootdn": adminDN,
            "ds_passwd": hashed.output.filter { $0 != "\n" }, "ldapi_enabled": "off",
            "ldapi": folder.path(of: "run/ldapi"), "ldapi_autobind": "off", "ds_suffix": options.suffix,
        ]
        var text = TestSupport.text(ofFile: "\(templates)/template-dse.ldif")
        guard !text.isEmpty else { throw TestSupportError("389-ds-base is not installed: \(templates) is missing") }
        for (name, value) in values { text = text.replacing("%\(name)%", with: value) }
        if !options.sevenBitCheck { text = switching(plugin: "7-bit check", on: false, in: text) }
        if options.memberOf { text = switching(plugin: "MemberOf Plugin", on: true, in: text) }
        return text
    }

    private static func switching(plugin: String, on: Bool, in text: String) -> String {
        guard let start = text.firstRange(of: "dn: cn=\(plugin),cn=plugins,cn=config"),
            let line = text[start.upperBound...].firstRange(of: on ? "enabled: off" : "enabled: on")
        else { return text }
        return text[..<line.lowerBound] + (on ? "enabled: on" : "enabled: off") + text[line.upperBound...]
    }

    private static func currentUser() -> String {
        getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) } ?? "nobody"
    }

    // MARK: - What it holds

    private func populate() async throws {
        let suffix = options.suffix
        let policy = options.policy.sorted { $0.key < $1.key }.map { "replace: \($0.key)\n\($0.key): \($0.value)\n-\n" }
        let readers =
            options.anonymousMayRead ? "userdn=\"ldap:///anyone\"" : "userdn=\"ldap:///cn=service,\(suffix)\""
        try await modify(
            """
            dn: cn=userRoot,cn=ldbm database,cn=plugins,cn=config
            objectclass: top
            objectclass: extensibleObject
            objectclass: nsBackendInstance
            nsslapd-suffix: \(suffix)
            cn: userRoot

            dn: cn="\(suffix)",cn=mapping tree,cn=config
            objectclass: top
            objectclass: extensibleObject
            objectclass: nsMappingTree
            cn: \(suffix)
            cn: "\(suffix)"
            nsslapd-state: backend
            nsslapd-backend: userRoot

            dn: cn=config
            changetype: modify
            replace: nsslapd-accesslog-logbuffering
            nsslapd-accesslog-logbuffering: off
            -
            replace: passwordStorageScheme
            passwordStorageScheme: SSHA512
            -
            \(policy.joined())

            """
        )
        let sample = SampleDirectory(suffix: suffix)
        let people = options.hasSample ? sample.baseLDIF + sample.groupsLDIF : sample.suffixLDIF
        try await modify(people + options.extraLDIF)
        try await modify(
            """
            dn: \(suffix)
            changetype: modify
            add: aci
            aci: (targetattr!="userPassword || aci")(version 3.0; acl "read"; allow (read, search, compare) \(readers);)


            """
        )
    }

    /// Applies LDIF as the Directory Manager: entries are added, change records executed.
    public func modify(_ ldif: String) async throws {
        _ = try await ldapTool("ldapmodify", ["-a"], input: ldif)
    }

    /// The values of an attribute of an entry, as text.
    public func values(of attribute: String, at dn: String) async throws -> [String] {
        let output = try await ldapTool(
            "ldapsearch",
            ["-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", dn, attribute]
        )
        return LDIF.values(of: attribute, in: output)
    }

    private func ldapTool(_ tool: String, _ arguments: [String], input: String = "") async throws -> String {
        let outcome = try await ChildProcess.run(
            tool,
            ["-x", "-H", url, "-D", adminDN, "-w", adminPassword] + arguments,
            environment: ["LDAPNOINIT": "1"],
            input: Array(input.utf8)
        )
        guard outcome.succeeded else { throw TestSupportError("\(tool): \(outcome.errorOutput)") }
        return outcome.output
    }

    /// The access log since the first start.
    public var log: String { text(ofFile: folder.path(of: "log/access")) }

    /// How many bind requests came in, optionally for one DN as the client spelt it.
    public func bindRequests(dn: String? = nil) -> Int {
        let bind = " BIND dn=\"\(dn.map { $0 + "\"" } ?? "")"
        return countLines(ofFile: folder.path(of: "log/access"), containing: bind, " method=")
    }
}
