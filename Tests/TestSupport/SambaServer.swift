// API: let samba = try await SambaServer.shared()                 // one for the process; users of your own: addUser("x-…")
//      let samba = try await SambaServer.start()                  // one of your own, half a second once provisioned
//      samba.ldapsURL, .ldapURL, .caFile, .suffix, .peopleBase, .groupsBase, .serviceDN/.servicePassword, .adminDN/…
//      try await samba.addUser("alice", password: "…"), .disable, .lock, .expirePassword … (SambaServer+Accounts.swift)
//      try await samba.modify(ldif); samba.authentications(of: "alice"); samba.pause(); try await samba.restart(); …
// Samba's ports cannot be chosen, so each server has an address 127.x.y.z of its own, and starting one needs root.

import FoundationEssentials
import Glibc
import Synchronization

/// An Active Directory domain controller of Samba, in a folder and at a loopback address of its own.
///
/// It serves LDAP (389, 636, 3268, 3269) and Kerberos (88, 464). The domain is `CORP` / `CORP.EXAMPLE`; passwords may be
/// anything and do not age, unless a test says otherwise.
public final class SambaServer: Sendable {
    /// How the server is set up.
    public struct Options: Sendable {
        /// Failures that lock an account; 0 is Active Directory's own default, never.
        public var lockoutThreshold = 3
        /// How long an account stays locked.
        public var lockoutDuration: Duration = .seconds(1800)
        /// Further lines of smb.conf's global section.
        public var settings: [String] = []

        /// Three failures lock for half an hour.
        public init() {}
    }

    /// `127.x.y.z`
    public let address: String
    /// PEM file with the certificate of the authority that signed the server's.
    public var caFile: String { authority.certificateFile }
    /// How it was set up.
    public let options: Options
    private let authority: CertificateAuthority
    let folder: TemporaryDirectory
    private let process: Replaceable<ChildProcess>

    /// The Kerberos realm; in lower case the DNS domain, which user principal names end with.
    public static let realm = "CORP.EXAMPLE"
    /// The NetBIOS name of the domain.
    public static let domain = "CORP"
    /// The server's name, also in its certificate.
    public static let hostName = "dc1.corp.example"

    private init(
        _ options: Options,
        address: String,
        authority: CertificateAuthority,
        folder: TemporaryDirectory,
        process: ChildProcess
    ) {
        self.options = options
        self.address = address
        self.authority = authority
        self.folder = folder
        self.process = Replaceable(process)
    }

    deinit { process.value.kill() }

    /// `ldaps://127.x.y.z`
    public var ldapsURL: String { "ldaps://\(address)" }
    /// `ldap://127.x.y.z`
    public var ldapURL: String { "ldap://\(address)" }
    /// The domain's own entry.
    public var suffix: String { Self.suffix }
    /// Where `addUser` puts people.
    public var peopleBase: String { "OU=People,\(Self.suffix)" }
    /// Where `addGroup` puts groups.
    public var groupsBase: String { "OU=Groups,\(Self.suffix)" }
    /// May do everything.
    public var adminDN: String { "CN=Administrator,CN=Users,\(Self.suffix)" }
    /// The administrator's password.
    public var adminPassword: String { Self.adminPassword }
    /// An ordinary account that reads what everybody may read.
    public var serviceDN: String { "CN=svc-ldap,CN=Users,\(Self.suffix)" }
    /// The service account's password.
    public var servicePassword: String { "service-secret" }
    /// The process id of the server running now.
    public var pid: Int32 { process.value.pid }
    /// smb.conf, for samba-tool.
    public var configurationFile: String { folder.path(of: "smb.conf") }

    static let suffix = "DC=corp,DC=example"
    static let adminPassword = "Adm1n-secret"

    // MARK: - Start and stop

    /// One for all tests of this process that only touch users of their own; it ends with the process.
    public static func shared() async throws -> SambaServer { try await sharedTask.value }

    private static let sharedServer = Mutex<SambaServer?>(nil)

    private static let sharedTask = Task {
        let server = try await start()
        sharedServer.withLock { $0 = server }
        atexit { SambaServer.sharedServer.withLock { $0?.remove() } }
        return server
    }

    /// Starts a fresh domain with the containers and the service account, and waits until it answers.
    public static func start(_ options: Options = Options()) async throws -> SambaServer {
        guard getuid() == 0 else {
            throw TestSupportError("a Samba domain controller needs its fixed ports: run these tests as root")
        }
        let folder = try TemporaryDirectory("samba")
        try await SambaProvision.unpack(into: folder)
        let authority = try await CertificateAuthority.make("Corp CA")
        var lastError: any Error = TestSupportError("samba did not start")
        for _ in 0..<5 {
            let address = freeLoopbackAddress(ports: [88, 389, 464, 636, 3268, 3269])
            let certificate = try await authority.issue(.names([hostName, address]))
            try folder.write(bytes(ofFile: certificate.certificateFile), to: "tls/cert.pem")
            try folder.write(bytes(ofFile: certificate.keyFile), to: "tls/key.pem")
            try folder.write(bytes(ofFile: authority.certificateFile), to: "tls/ca.pem")
            try folder.write(
                SambaProvision.configuration(folder.path, address: address, extra: options.settings),
                to: "smb.conf"
            )
            do {
                let child = try await launch(folder, address: address)
                let server = SambaServer(
                    options,
                    address: address,
                    authority: authority,
                    folder: folder,
                    process: child
                )
                try await server.populate()
                return server
            } catch { lastError = error }
        }
        throw lastError
    }

    /// Stops it (SIGTERM) and keeps its data.
    public func stop() async { await process.value.stop(within: .seconds(5)) }

    /// Kills it as a crash would.
    public func kill() { process.value.kill() }

    /// Freezes it: the kernel still accepts connections, nobody answers.
    public func pause() { process.value.freeze() }

    /// Goes on after `pause()`.
    public func resume() { process.value.signal(SIGCONT) }

    /// Starts it again at the same address with the same data, stopping it first where it still runs.
    public func restart() async throws {
        await stop()
        process.value = try await Self.launch(folder, address: address)
    }

    private func remove() {
        process.value.kill()
        folder.remove()
    }

    private static func launch(_ folder: TemporaryDirectory, address: String) async throws -> ChildProcess {
        let child = try ChildProcess.start(
            "samba",
            ["-i", "-M", "single", "-s", folder.path(of: "smb.conf"), "--debug-stdout"],
            // So that no configuration of this machine's is read.
            environment: ["KRB5_CONFIG": folder.path(of: "private/krb5.conf")],
            outputFile: folder.path(of: "log"),
            errorFile: folder.path(of: "log")
        )
        let answered = await eventually(within: .seconds(30), every: .milliseconds(30)) {
            child.exit != nil || LDAPProbe.answers(port: 389, address: address)
        }
        if answered, child.exit == nil { return child }
        child.kill()
        throw TestSupportError("samba at \(address): \(text(ofFile: folder.path(of: "log")).suffix(2_000))")
    }

    // MARK: - What it holds

    /// Applies LDIF over ldaps as the administrator: entries are added, change records executed.
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

    func ldapTool(_ tool: String, _ arguments: [String], input: String = "") async throws -> String {
        let outcome = try await ChildProcess.run(
            tool,
            ["-x", "-H", ldapsURL, "-D", adminDN, "-w", adminPassword] + arguments,
            environment: ["LDAPTLS_CACERT": caFile, "LDAPTLS_REQCERT": "demand"],
            input: Array(input.utf8)
        )
        guard outcome.succeeded else { throw TestSupportError("\(tool): \(outcome.errorOutput)") }
        return outcome.output
    }

    /// What a process needs to find the realm, and, with a cache, whose tickets to use.
    public func kerberosEnvironment(cache: String? = nil) throws -> [String: String] {
        let file = try folder.write(
            """
            [libdefaults]
             default_realm = \(Self.realm)
             dns_lookup_kdc = false
             dns_lookup_realm = false
             dns_canonicalize_hostname = false
             rdns = false
             udp_preference_limit = 1
            [realms]
             \(Self.realm) = {
              kdc = \(address)
             }
            [domain_realm]
             localhost = \(Self.realm)

            """,
            to: "client-krb5.conf"
        )
        var variables = ["KRB5_CONFIG": file, "KRB5RCACHEDIR": folder.path]
        if let cache { variables["KRB5CCNAME"] = "FILE:\(cache)" }
        return variables
    }

    /// Fetches a ticket-granting ticket (kinit(1)) and returns what a process of that person finds.
    public func tickets(of name: String, _ password: String) async throws -> [String: String] {
        let cache = folder.path(of: "cc-\(UInt32.random(in: 0...UInt32.max))")
        let environment = try kerberosEnvironment(cache: cache)
        let outcome = try await ChildProcess.run(
            "kinit",
            [name],
            environment: environment,
            input: Array("\(password)\n".utf8)
        )
        guard outcome.succeeded else { throw TestSupportError("kinit \(name): \(outcome.errorOutput)") }
        return environment
    }

    /// Gives an account a service principal, and writes the keytab with its present key.
    public func keytab(_ principal: String, account: String) async throws -> String {
        let path = folder.path(of: "keytab-\(UInt32.random(in: 0...UInt32.max))")
        for arguments in [
            ["spn", "add", principal, account, "-s", configurationFile],
            ["domain", "exportkeytab", path, "--principal=\(principal)", "-s", configurationFile],
        ] {
            let outcome = try await ChildProcess.run("samba-tool", arguments, within: .seconds(60))
            guard outcome.succeeded else {
                throw TestSupportError("samba-tool: \(outcome.output)\(outcome.errorOutput)")
            }
        }
        return path
    }

    /// Everything logged since the first start.
    public var log: String { text(ofFile: folder.path(of: "log")) }

    /// How many passwords were tried for an account, by its sAMAccountName; Samba notes each, the refused ones too.
    public func authentications(of account: String) -> Int {
        countLines(
            ofFile: folder.path(of: "log"),
            containing: "Auth: [",
            "[\(Self.domain)]\\[\(account)]"
        )
    }
}
