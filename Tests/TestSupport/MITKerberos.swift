// API: let kdc = try await MITKerberos.start(people: ["alice": "alice-pw"])       // realm EXAMPLE.ORG
//      try await kdc.addPerson("bob", password: "b"); let keytab = try await kdc.keytab(["HTTP/localhost"])
//      let cache = try await kdc.login("alice", "alice-pw")                        // a ticket cache, for kdc.environment(cache)
//      try await kdc.changeKey(of: "HTTP/localhost"); kdc.pause(); await kdc.stop(); try await kdc.restart()
//      kdc.environment() holds KRB5_CONFIG for servers; kdc.environment(cache: c) for clients
// The KDC is killed when the object goes or the test process ends.

/// A real MIT KDC on loopback, its database and configuration in a folder of its own.
public final class MITKerberos: Sendable {
    /// The realm.
    public let realm: String
    /// The port, UDP and TCP.
    public let port: Int
    let folder: TemporaryDirectory
    let process: Replaceable<ChildProcess>

    private init(realm: String, port: Int, folder: TemporaryDirectory, process: ChildProcess) {
        self.realm = realm
        self.port = port
        self.folder = folder
        self.process = Replaceable(process)
    }

    deinit { process.value.kill() }

    /// Makes the database with its people, and starts the KDC.
    public static func start(
        realm: String = "EXAMPLE.ORG",
        people: [String: String] = [:],
        services: [String] = ["HTTP/localhost"]
    ) async throws -> MITKerberos {
        let folder = try TemporaryDirectory("mitkdc")
        var lastError: any Error = TestSupportError("no KDC was started")
        for _ in 0..<8 {
            let port = try freePort()
            try write(realm: realm, port: port, to: folder)
            if bytes(ofFile: folder.path(of: "principal")).isEmpty {
                try await run(folder, "kdb5_util", ["create", "-r", realm, "-s", "-P", "master"])
            }
            do {
                let kdc = MITKerberos(
                    realm: realm,
                    port: port,
                    folder: folder,
                    process: try await launch(realm, folder)
                )
                let lines =
                    people.map { "addprinc -pw \"\($0.value)\" \($0.key)" } + services.map { "addprinc -randkey \($0)" }
                try await kdc.administer(lines.joined(separator: "\n"))
                return kdc
            } catch { lastError = error }
        }
        throw lastError
    }

    /// What a process needs to find the realm, and, with a cache, whose tickets to use. Nothing else of this machine's
    /// Kerberos is touched.
    public func environment(cache: String? = nil) -> [String: String] {
        var variables = ["KRB5_CONFIG": folder.path(of: "krb5.conf"), "KRB5RCACHEDIR": folder.path]
        if let cache { variables["KRB5CCNAME"] = "FILE:\(cache)" }
        return variables
    }

    /// Adds a person with a password.
    public func addPerson(_ name: String, password: String) async throws {
        try await administer("addprinc -pw \"\(password)\" \(name)")
    }

    /// Adds a service with a random key.
    public func addService(_ name: String) async throws {
        try await administer("addprinc -randkey \(name)")
    }

    /// Writes a keytab with the keys these services have now (they are not changed), and returns its path.
    @discardableResult
    public func keytab(_ services: [String] = ["HTTP/localhost"], to path: String? = nil) async throws -> String {
        let path = path ?? folder.path(of: "keytab-\(UInt32.random(in: 0...UInt32.max))")
        try await administer("ktadd -k \(path) -norandkey \(services.joined(separator: " "))")
        return path
    }

    /// Gives a service another key with the next version; keytabs made before are out of date from now on.
    public func changeKey(of service: String) async throws {
        try await administer("cpw -randkey \(service)")
    }

    /// Fetches a ticket-granting ticket (kinit(1)) and returns the path of its cache.
    public func login(_ name: String, _ password: String, lifetime: String = "1h") async throws -> String {
        let cache = folder.path(of: "cc-\(UInt32.random(in: 0...UInt32.max))")
        let outcome = try await ChildProcess.run(
            "kinit",
            ["-l", lifetime, name],
            environment: environment(cache: cache),
            input: Array("\(password)\n".utf8)
        )
        guard outcome.succeeded else { throw TestSupportError("kinit \(name): \(outcome.errorOutput)") }
        return cache
    }

    /// Stops it gracefully and keeps its data.
    public func stop() async { await process.value.stop(within: .seconds(3)) }

    /// Starts it again on the same port.
    public func restart() async throws {
        await stop()
        process.value = try await Self.launch(realm, folder)
    }

    // MARK: Running

    private func administer(_ lines: String) async throws {
        guard !lines.isEmpty else { return }
        let outcome = try await ChildProcess.run(
            "/usr/sbin/kadmin.local",
            ["-r", realm],
            environment: Self.variables(folder),
            input: Array("\(lines)\n".utf8)
        )
        let words = outcome.errorOutput.split(separator: "\n").filter { !$0.hasPrefix("No policy specified") }
        guard outcome.succeeded, words.isEmpty else {
            throw TestSupportError("kadmin.local: \(words.joined(separator: "; "))")
        }
    }

    private static func launch(_ realm: String, _ folder: TemporaryDirectory) async throws -> ChildProcess {
        let log = folder.path(of: "kdc.log")
        let before = text(ofFile: log).split(separator: "commencing operation", omittingEmptySubsequences: false).count
        let child = try ChildProcess.start(
            "/usr/sbin/krb5kdc",
            ["-n", "-r", realm, "-P", folder.path(of: "pid")],
            environment: variables(folder)
        )
        let isUp = await eventually(within: .seconds(30)) {
            let now = text(ofFile: log).split(separator: "commencing operation", omittingEmptySubsequences: false).count
            return child.exit != nil || now > before
        }
        guard isUp, child.exit == nil else {
            child.kill()
            throw TestSupportError("krb5kdc: \(child.errorOutput) \(text(ofFile: log).suffix(1_000))")
        }
        return child
    }

    private static func run(_ folder: TemporaryDirectory, _ program: String, _ arguments: [String]) async throws {
        let outcome = try await ChildProcess.run("/usr/sbin/\(program)", arguments, environment: variables(folder))
        guard outcome.succeeded else { throw TestSupportError("\(program): \(outcome.errorOutput)") }
    }

    private static func variables(_ folder: TemporaryDirectory) -> [String: String] {
        ["KRB5_CONFIG": folder.path(of: "krb5.conf"), "KRB5_KDC_PROFILE": folder.path(of: "kdc.conf")]
    }

    /// krb5.conf(5) and kdc.conf(5): no DNS, TCP only, everything in the folder.
    private static func write(realm: String, port: Int, to folder: TemporaryDirectory) throws {
        try folder.write(
            """
            [libdefaults]
             default_realm = \(realm)
             dns_lookup_kdc = false
             dns_lookup_realm = false
             dns_canonicalize_hostname = false
             rdns = false
             udp_preference_limit = 1
             spake_preauth_groups = edwards25519
            [realms]
             \(realm) = {
              kdc = 127.0.0.1:\(port)
             }
            [domain_realm]
             localhost = \(realm)
             127.0.0.1 = \(realm)

            """,
            to: "krb5.conf"
        )
        try folder.write(
            """
            [kdcdefaults]
             kdc_listen = 127.0.0.1:\(port)
             kdc_tcp_listen = 127.0.0.1:\(port)
            [realms]
             \(realm) = {
              database_name = \(folder.path(of: "principal"))
              key_stash_file = \(folder.path(of: "stash"))
              max_life = 10h
             }
            [logging]
             kdc = FILE:\(folder.path(of: "kdc.log"))

            """,
            to: "kdc.conf"
        )
    }
}
