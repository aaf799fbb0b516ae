// API: let server = try await PostgresServer.start() // or .shared()          // trust on the Unix socket, SCRAM on TCP
//      server.url                                                         // postgresql://tester:…@127.0.0.1:PORT/test
//      try await server.sql("SELECT 1"); await server.stop(); try await server.restart(); server.kill(); server.pause()
//      try await server.createDatabase("other") -> its URL
//      let standby = try await server.startStandby(); try await standby.promote()
//
// PostgreSQL of Debian's package with data of its own below /tmp. It refuses to run as root: root's tests run it as nobody.

import Glibc
import Synchronization

/// A PostgreSQL server started by a test.
public final class PostgresServer: Sendable {
    /// How it is set up.
    public struct Options: Sendable {
        /// Certificate and key for TLS.
        public var certificate: CertificateAuthority.Certificate?
        /// Whether a commit waits for the disk.
        public var isDurable = false
        /// Further lines of postgresql.conf.
        public var settings: [String] = []

        /// Plain TCP and a Unix socket, no waiting for the disk.
        public init() {}
    }

    /// The TCP port on 127.0.0.1.
    public let port: Int
    let folder: TemporaryDirectory
    private let process: Replaceable<ChildProcess?>

    /// The superuser of the test.
    public static let user = "tester"
    /// Its password over TCP.
    public static let password = "tester-secret"
    static let programs = "/usr/lib/postgresql/15/bin"

    init(port: Int, folder: TemporaryDirectory, process: ChildProcess) {
        self.port = port
        self.folder = folder
        self.process = Replaceable(process)
    }

    deinit { remove() }

    /// One for all tests of this process that do it no harm, removed when the process ends.
    public static func shared() async throws -> PostgresServer { try await sharedTask.value }

    private static let sharedServer = Mutex<PostgresServer?>(nil)

    private static let sharedTask = Task {
        let server = try await start()
        sharedServer.withLock { $0 = server }
        atexit { PostgresServer.sharedServer.withLock { $0?.remove() } }
        return server
    }

    /// Ends it and removes its data.
    private func remove() {
        guard let child = process.value else { return }
        // An immediate shutdown: killed, it would leave its System V shared memory behind.
        child.signal(SIGCONT)
        child.signal(SIGQUIT)
        for _ in 0..<300 where child.exit == nil { usleep(10_000) }
        child.kill()
        process.value = nil
        folder.remove()
    }

    /// Over TCP, with the password.
    public var url: String { url(database: "test") }
    /// The folder of its Unix socket; only the server's own user gets in.
    public var socketFolder: String { folder.path(of: "run") }
    /// Process id of the postmaster running now.
    public var pid: Int32 { process.value?.pid ?? 0 }

    /// The URL of another database of it.
    public func url(database: String, parameters: String = "") -> String {
        "postgresql://\(Self.user):\(Self.password)@127.0.0.1:\(port)/\(database)\(parameters)"
    }

    /// The URL of a database without the password.
    public func plainURL(database: String = "test", parameters: String = "") -> String {
        "postgresql://\(Self.user)@127.0.0.1:\(port)/\(database)\(parameters)"
    }

    /// Makes the data, starts the server and waits until it answers.
    public static func start(_ options: Options = Options()) async throws -> PostgresServer {
        LostTime.watch()
        let folder = try TemporaryDirectory("pg")
        let data = folder.path(of: "data")
        let secret = try folder.write(password + "\n", to: "password")
        try folder.write("", to: "log")
        _ = try folder.write("", to: "run/.keep")
        _ = try folder.write("", to: "data/.keep")
        unlink(folder.path(of: "data/.keep"))
        var files = [folder.path, secret, folder.path(of: "run"), data]
        if let certificate = options.certificate {
            files.append(try folder.write(bytes(ofFile: certificate.certificateFile), to: "server.pem"))
            files.append(try folder.write(bytes(ofFile: certificate.keyFile), to: "server.key"))
        }
        if getuid() == 0 { for file in files { chown(file, 65534, 65534) } }
        chmod(data, 0o700)
        let arguments =
            ["-D", data, "-U", user, "--auth-local=trust", "--auth-host=scram-sha-256", "--pwfile=\(secret)"]
            + ["-E", "UTF8", "--no-locale", "--no-sync"]
        let made = try await ChildProcess.run(
            unprivileged[0],
            Array(unprivileged.dropFirst()) + ["\(programs)/initdb"] + arguments
        )
        guard made.succeeded else { throw TestSupportError("initdb: \(made.errorOutput)") }

        var lastError: any Error = TestSupportError("postgres did not start")
        for _ in 0..<8 {
            let port = try freePort()
            try configure(options, folder, port: port)
            do {
                let server = PostgresServer(port: port, folder: folder, process: try await launch(folder, port: port))
                _ = try await server.createDatabase("test")
                return server
            } catch { lastError = error }
        }
        throw lastError
    }

    /// Runs SQL as the superuser and returns what psql prints, without headings.
    @discardableResult
    public func sql(_ text: String, database: String = "test") async throws -> String {
        let outcome = try await ChildProcess.run(
            "\(Self.programs)/psql",
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", text, url(database: database)]
        )
        guard outcome.succeeded else { throw TestSupportError("psql: \(outcome.errorOutput)") }
        return outcome.output
    }

    /// Makes an empty database and returns its URL.
    public func createDatabase(_ name: String) async throws -> String {
        try await sql("CREATE DATABASE \(name)", database: "postgres")
        return url(database: name)
    }

    /// Stops it as `pg_ctl stop -m fast` does (SIGINT) and keeps its data.
    public func stop() async {
        process.value?.signal(SIGINT)
        if (try? await process.value?.wait(within: .seconds(10))) == nil { process.value?.kill() }
    }

    /// Kills the postmaster as a crash would; its children end when they notice.
    public func kill() { process.value?.kill() }

    /// Freezes the postmaster, so that it starts no more of them, and then all its backends.
    public func pause() async throws {
        process.value?.freeze()
        for child in try await children() { ChildProcess.freeze(child) }
    }

    /// Goes on after `pause()`.
    public func resume() async throws {
        for child in try await children() { Glibc.kill(child, SIGCONT) }
        process.value?.signal(SIGCONT)
    }

    /// Starts it again on the same port with the same data, stopping it first where it still runs.
    public func restart() async throws {
        await stop()
        // After a crash the old backends may need a moment to notice.
        for attempt in 0..<20 {
            do {
                process.value = try await Self.launch(folder, port: port)
                return
            } catch {
                if attempt == 19 { throw error }
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    private func children() async throws -> [Int32] {
        try await ChildProcess.run("pgrep", ["-P", "\(pid)"]).output.split(separator: "\n").compactMap { Int32($0) }
    }

    /// The command that gives up root.
    static var unprivileged: [String] {
        getuid() == 0
            ? ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--pdeathsig", "KILL", "--"]
            : ["/usr/bin/env"]
    }

    private static func configure(_ options: Options, _ folder: TemporaryDirectory, port: Int) throws {
        var lines = [
            "listen_addresses = '127.0.0.1'", "port = \(port)", "unix_socket_directories = '\(folder.path(of: "run"))'",
            "max_connections = 300", "shared_buffers = 32MB", "fsync = \(options.isDurable ? "on" : "off")",
            "log_min_messages = warning", "autovacuum = off",
        ]
        if options.certificate != nil {
            lines += ["ssl = on", "ssl_cert_file = '\(folder.path(of: "server.pem"))'"]
            lines.append("ssl_key_file = '\(folder.path(of: "server.key"))'")
        }
        let file = try folder.write(
            (lines + options.settings).joined(separator: "\n") + "\n",
            to: "data/postgresql.auto.conf"
        )
        if getuid() == 0 { chown(file, 65534, 65534) }
    }

    static func launch(_ folder: TemporaryDirectory, port: Int) async throws -> ChildProcess {
        let child = try ChildProcess.start(
            unprivileged[0],
            Array(unprivileged.dropFirst()) + ["\(programs)/postgres", "-D", folder.path(of: "data")],
            errorFile: folder.path(of: "log")
        )
        let isReady = await eventually(within: .seconds(30), every: .milliseconds(30)) {
            guard child.exit == nil else { return true }
            let arguments = ["-q", "-h", "127.0.0.1", "-p", "\(port)", "-t", "1"]
            return (try? await ChildProcess.run("\(programs)/pg_isready", arguments).succeeded) == true
        }
        if isReady, child.exit == nil { return child }
        child.kill()
        throw TestSupportError("postgres on port \(port): \(child.errorOutput.suffix(2_000))")
    }
}
