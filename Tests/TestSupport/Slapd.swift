// API: let slapd = try await Slapd.start()                        // SampleDirectory below dc=example,dc=org
//      var options = Slapd.Options(); options.memberOf = true; options.passwordPolicy = ["pwdMaxFailure": "3"]
//      slapd.url ("ldap://127.0.0.1:PORT"), .ldapsURL, .ldapiURL, .port, .adminDN/.adminPassword (rootdn),
//      slapd.serviceDN/.servicePassword (may read everything but passwords)
//      slapd.bindRequests(), slapd.acceptedConnections, slapd.searchRequests, slapd.log
//      try await slapd.modify(ldif); slapd.pause(); slapd.resume(); try await slapd.restart(); await slapd.stop()
// The server is killed when the object goes or the test process ends.

import Glibc

/// A real OpenLDAP server on loopback, in a folder of its own.
public final class Slapd: Sendable {
    /// The server's certificate and how clients are asked for theirs.
    public struct TLS: Sendable {
        /// What the server shows.
        public var certificate: CertificateAuthority.Certificate
        /// PEM file against which client certificates are checked.
        public var clientCAFile: String
        /// `TLSVerifyClient`: never, allow, try, demand.
        public var verifyClient = "never"

        /// TLS for ldaps and StartTLS.
        public init(
            certificate: CertificateAuthority.Certificate,
            clientCAFile: String,
            verifyClient: String = "never"
        ) {
            self.certificate = certificate
            self.clientCAFile = clientCAFile
            self.verifyClient = verifyClient
        }
    }

    /// How the server is set up.
    public struct Options: Sendable {
        /// The database's suffix; its entry is made when `ldif` is nil or lacks it.
        public var suffix = "dc=example,dc=org"
        /// Loaded before the start with slapadd; nil means `SampleDirectory` below the suffix.
        public var ldif: String?
        /// Added to the sample, or to `ldif`, before the start.
        public var extraLDIF = ""
        /// Listen on ldaps:// as well (needs `tls`).
        public var ldaps = false
        /// Listen on ldapi:// as well; peers are root, mapped to the rootdn.
        public var ldapi = false
        /// Certificate; also offers StartTLS.
        public var tls: TLS?
        /// The memberof overlay for groupOfNames; groups of the sample are then added over LDAP, as it needs.
        public var memberOf = false
        /// The ppolicy overlay with these attributes of the default policy, e.g. `["pwdMaxFailure": "3"]`.
        public var passwordPolicy: [String: String]?
        /// Whether ppolicy tells a locked account from a wrong password (`ppolicy_use_lockout`).
        public var policyTellsLockout = false
        /// False refuses anonymous searches (only the bind itself is allowed).
        public var anonymousMayRead = true
        /// Replaces all access rules when given: whole lines without `access`.
        public var accessRules: [String]?
        /// Server-side size limit.
        public var sizeLimit: Int?
        /// Further global lines of slapd.conf, e.g. `security ssf=128`.
        public var globalLines: [String] = []
        /// Further lines of the database section, e.g. `overlay …` with its settings.
        public var databaseLines: [String] = []
        /// Log every operation (`stats`), which the counters need.
        public var logsOperations = true

        /// The sample directory, anonymous reads allowed.
        public init() {}
    }

    /// How it was set up.
    public let options: Options
    /// The port of ldap://.
    public let port: Int
    /// The port of ldaps://; 0 when off.
    public let ldapsPort: Int
    let folder: TemporaryDirectory
    let process: Replaceable<ChildProcess>

    private init(
        options: Options,
        port: Int,
        ldapsPort: Int,
        folder: TemporaryDirectory,
        process: ChildProcess
    ) {
        self.options = options
        self.port = port
        self.ldapsPort = ldapsPort
        self.folder = folder
        self.process = Replaceable(process)
    }

    deinit { process.value.kill() }

    /// `ldap://127.0.0.1:PORT`
    public var url: String { "ldap://127.0.0.1:\(port)" }
    /// `ldaps://127.0.0.1:PORT`
    public var ldapsURL: String { "ldaps://127.0.0.1:\(ldapsPort)" }
    /// `ldapi://%2F…`
    public var ldapiURL: String {
        "ldapi://" + folder.path(of: "ldapi").split(separator: "/").map { "%2F\($0)" }.joined()
    }
    /// The rootdn; no policy applies to it.
    public var adminDN: String { "cn=admin,\(options.suffix)" }
    /// The rootdn's password.
    public var adminPassword: String { Self.adminPassword }
    /// An ordinary service account of the sample.
    public var serviceDN: String { "cn=service,\(options.suffix)" }
    /// The service account's password.
    public var servicePassword: String { SampleDirectory.servicePassword }
    /// Process id of the server running now.
    public var pid: Int32 { process.value.pid }

    static let adminPassword = "admin-secret"

    /// Makes the database, starts the server and waits until it answers.
    public static func start(_ options: Options = Options()) async throws -> Slapd {
        LostTime.watch()
        let folder = try TemporaryDirectory("slapd")
        let configuration = try SlapdConfiguration(options: options, folder: folder).write()
        let sample = SampleDirectory(suffix: options.suffix)
        var ldif = options.ldif ?? sample.baseLDIF
        if options.ldif == nil, !options.memberOf { ldif += sample.groupsLDIF }
        if !ldif.hasPrefix("dn: \(options.suffix)\n") { ldif = sample.suffixLDIF + ldif }
        ldif += "\n" + options.extraLDIF
        if let policy = options.passwordPolicy { ldif += SlapdConfiguration.policyLDIF(options.suffix, policy) }
        let file = try folder.write(ldif, to: "data.ldif")
        let loaded = try await ChildProcess.run("/usr/sbin/slapadd", ["-q", "-f", configuration, "-l", file])
        guard loaded.succeeded else { throw TestSupportError("slapadd: \(loaded.errorOutput)") }

        var lastError: any Error = TestSupportError("slapd did not start")
        for _ in 0..<8 {
            let port = try freePort()
            let ldapsPort = options.ldaps ? try freePort() : 0
            do {
                let child = try await launch(options, port: port, ldapsPort: ldapsPort, folder: folder)
                let slapd = Slapd(options: options, port: port, ldapsPort: ldapsPort, folder: folder, process: child)
                if options.ldif == nil, options.memberOf { try await slapd.modify(sample.groupsLDIF) }
                return slapd
            } catch { lastError = error }
        }
        throw lastError
    }

    /// Stops it gracefully (SIGTERM) and keeps its data.
    public func stop() async { await process.value.stop(within: .seconds(3)) }

    /// Kills it as a crash would.
    public func kill() { process.value.kill() }

    /// Freezes it (SIGSTOP): the kernel still accepts connections, nobody answers.
    public func pause() { process.value.freeze() }

    /// Goes on after `pause()`.
    public func resume() { process.value.signal(SIGCONT) }

    /// Starts it again on the same ports with the same data, stopping it first where it still runs.
    public func restart() async throws {
        await stop()
        process.value = try await Self.launch(options, port: port, ldapsPort: ldapsPort, folder: folder)
    }

    /// Applies LDIF over LDAP as the rootdn: entries are added, change records executed.
    ///
    /// - Parameter relaxed: also what only the server itself may write (the relax control).
    public func modify(_ ldif: String, relaxed: Bool = false) async throws {
        let outcome = try await ChildProcess.run(
            "ldapmodify",
            ["-a", "-x", "-H", url, "-D", adminDN, "-w", adminPassword] + (relaxed ? ["-e", "!relax"] : []),
            environment: ["LDAPNOINIT": "1"],
            input: Array(ldif.utf8)
        )
        guard outcome.succeeded else { throw TestSupportError("ldapmodify: \(outcome.errorOutput)") }
    }

    private static func launch(
        _ options: Options,
        port: Int,
        ldapsPort: Int,
        folder: TemporaryDirectory
    ) async throws -> ChildProcess {
        var urls = ["ldap://127.0.0.1:\(port)"]
        if options.ldaps { urls.append("ldaps://127.0.0.1:\(ldapsPort)") }
        if options.ldapi {
            urls.append("ldapi://" + folder.path(of: "ldapi").split(separator: "/").map { "%2F\($0)" }.joined())
        }
        let child = try ChildProcess.start(
            "/usr/sbin/slapd",
            ["-f", folder.path(of: "slapd.conf"), "-h", urls.joined(separator: " ")]
                + ["-d", options.logsOperations ? "stats" : "none", "-n", "slapd-test"],
            errorFile: folder.path(of: "log")
        )
        let answered = await eventually(within: .seconds(20)) {
            child.exit != nil || LDAPProbe.answers(port: port)
        }
        if answered, child.exit == nil { return child }
        child.kill()
        throw TestSupportError("slapd on port \(port): \(child.errorOutput.suffix(2_000))")
    }
}
