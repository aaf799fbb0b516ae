import FoundationEssentials
import Glibc

/// Makes the domain every `SambaServer` starts from.
///
/// That takes some ten seconds, so the result is kept below `.build` and copied: 16 MB, paths only in smb.conf.
enum SambaProvision {
    /// Raised whenever what is made here changes, so that no older copy is used.
    private static let version = 1
    private static let making = ProvisionTask()

    /// Puts a domain into a folder.
    static func unpack(into folder: TemporaryDirectory) async throws {
        let source = try await making.path()
        try await run("cp", ["-a", "--sparse=always", "\(source)/.", folder.path])
    }

    /// smb.conf(5).
    static func configuration(_ folder: String, address: String, extra: [String] = []) -> String {
        let lines =
            [
                "workgroup = \(SambaServer.domain)",
                "realm = \(SambaServer.realm)",
                "netbios name = DC1",
                "server role = active directory domain controller",
                // Neither files nor DNS nor replication: one process that dies with the test.
                "server services = ldap cldap kdc",
                // Without the mask Samba finds no such interface.
                "interfaces = \(address)/8",
                "bind interfaces only = yes",
                "private dir = \(folder)/private",
                "lock directory = \(folder)/lock",
                "state directory = \(folder)/state",
                "cache directory = \(folder)/cache",
                "pid directory = \(folder)/run",
                "ncalrpc dir = \(folder)/run/ncalrpc",
                "winbindd socket directory = \(folder)/run/winbindd",
                "ntp signd socket directory = \(folder)/run/ntp",
                "usershare path =",
                "tls enabled = yes",
                "tls keyfile = \(folder)/tls/key.pem",
                "tls certfile = \(folder)/tls/cert.pem",
                "tls cafile = \(folder)/tls/ca.pem",
                // Access lists of files go into a database: folders of tests need not have extended attributes.
                "vfs objects = dfs_samba4 acl_xattr xattr_tdb",
                "xattr_tdb:file = \(folder)/xattr.tdb",
                "log level = 1 auth_audit:3",
                "max log size = 0",
            ] + extra
        let shares =
            "[sysvol]\npath = \(folder)/state/sysvol\nread only = no\n"
            + "[netlogon]\npath = \(folder)/state/sysvol/corp.example/scripts\nread only = no\n"
        return "[global]\n" + lines.joined(separator: "\n") + "\n" + shares
    }

    fileprivate static func provision() async throws -> String {
        let version = try await run("samba", ["--version"]).split(separator: " ").last.map(String.init) ?? ""
        let name = "samba-\(version.filter { $0.isLetter || $0.isNumber || $0 == "." || $0 == "-" })-\(Self.version)"
        let place = "\(FileManager.default.currentDirectoryPath)/.build/test-servers"
        let kept = "\(place)/\(name)"
        if FileManager.default.fileExists(atPath: kept) { return kept }
        try? FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)

        // Another process may be making it too: each makes its own, the first to finish keeps its place.
        let fresh = "\(place)/\(name).\(getpid())"
        for part in ["private", "lock", "state", "cache", "run"] {
            try FileManager.default.createDirectory(atPath: "\(fresh)/\(part)", withIntermediateDirectories: true)
        }
        let file = "\(fresh)/smb.conf"
        try Data(configuration(fresh, address: "127.0.0.1").utf8).write(to: URL(filePath: file))
        try await run(
            "samba-tool",
            ["domain", "provision", "-s", file, "-q", "--realm=\(SambaServer.realm)", "--domain=\(SambaServer.domain)"]
                + ["--server-role=dc", "--dns-backend=NONE", "--adminpass=\(SambaServer.adminPassword)"]
                + ["--host-name=dc1", "--host-ip=127.0.0.1"]
        )
        try await run(
            "samba-tool",
            ["domain", "passwordsettings", "set", "-s", file, "--max-pwd-age=0", "--min-pwd-age=0"]
                + ["--min-pwd-length=1", "--complexity=off", "--history-length=0"]
        )
        if rename(fresh, kept) == 0 { return kept }
        guard FileManager.default.fileExists(atPath: kept) else { return fresh }
        try? FileManager.default.removeItem(atPath: fresh)
        return kept
    }

    @discardableResult
    private static func run(_ program: String, _ arguments: [String]) async throws -> String {
        let outcome = try await ChildProcess.run(program, arguments, within: .seconds(180))
        guard outcome.succeeded else {
            throw TestSupportError("\(program) \(arguments.first ?? ""): \(outcome.output)\(outcome.errorOutput)")
        }
        return outcome.output
    }
}

/// Makes it once in a process, however many ask at the same time.
private actor ProvisionTask {
    private var task: Task<String, any Error>?

    func path() async throws -> String {
        if task == nil { task = Task { try await SambaProvision.provision() } }
        return try await task?.value ?? ""
    }
}
