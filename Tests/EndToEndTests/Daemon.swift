import Glibc
import Synchronization
import TestSupport
import Testing

/// The built program, run as an administrator runs it: a configuration file, a store, its own ports.
final class Daemon: Sendable {
    /// The program beside the test bundle.
    static let binary: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/ldapauthd"
    }()

    /// The top of the repository.
    static let repository = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
        separator: "/"
    )

    let home: TemporaryDirectory
    let port: Int
    let adminPort: Int
    private let running = Mutex<ChildProcess?>(nil)
    let isSearched = Mutex(false)

    var url: String { "http://127.0.0.1:\(port)" }
    var adminURL: String { "http://127.0.0.1:\(adminPort)" }
    var configurationFile: String { home.path(of: "ldapauthd.toml") }

    /// Writes the configuration; `sections` is everything but [http] and [storage].
    init(
        _ sections: String,
        http: String = "",
        storage: String = "url = \"sqlite:store.db\"",
        secrets: [String: String] = [:]
    ) throws {
        home = try TemporaryDirectory("ldapauthd-e2e")
        port = try freePort()
        adminPort = try freePort()
        for (name, secret) in secrets {
            try home.write(Array(secret.utf8), to: name)
            KnownSecrets.shared.add(secret.filter { $0 != "\n" })
        }
        let text = """
            [http]
            listen = ["127.0.0.1:\(port)"]
            admin_listen = ["127.0.0.1:\(adminPort)"]
            \(http)
            [storage]
            \(storage)
            [log]
            level = "trace"
            \(sections.contains("[tokens]") ? "" : "[tokens]\nissuer = \"http://127.0.0.1:\(port)\"")
            \(sections)
            """
        try home.write(Array(text.utf8), to: "ldapauthd.toml")
    }

    /// What systemd would tell it: where its control socket may lie.
    var environment: [String: String] { ["RUNTIME_DIRECTORY": home.path] }

    /// Changes the configuration file.
    func rewrite(_ change: (String) -> String) throws {
        let text = change(text(ofFile: configurationFile))
        try home.write(Array(text.utf8), to: "ldapauthd.toml")
    }

    /// `ldapauthd reload`.
    func reload() async throws -> ChildProcess.Outcome {
        try await ChildProcess.run(Self.binary, ["reload"], environment: environment)
    }

    /// Starts it and waits until it is ready.
    ///
    /// - Parameters:
    ///   - wrapper: a command that runs the one given to it.
    ///   - more: variables of the environment besides its own.
    func start(
        under wrapper: [String] = [],
        environment more: [String: String] = [:],
        within limit: Duration = .seconds(20)
    ) async throws {
        let command = wrapper + [Self.binary, "serve", "--config", configurationFile]
        let child = try ChildProcess.start(
            command[0],
            Array(command.dropFirst()),
            environment: environment.merging(more) { $1 },
            errorFile: home.path(of: "log")
        )
        running.withLock { $0 = child }
        isSearched.withLock { $0 = false }
        let isUp = await eventually(within: limit) {
            if child.exit != nil { return true }
            return (try? await Curl.send(["\(adminURL)/healthz"]))?.status == 200
        }
        guard isUp, child.exit == nil else {
            throw CurlError(
                description: "the daemon did not start: \(child.exit.map { "\($0)" } ?? "no answer")\n\(log)"
            )
        }
    }

    /// Everything it has written to its log so far, over restarts too.
    var log: String {
        text(ofFile: home.path(of: "log"))
    }

    /// The same with all that was logged until now. Lines are written by a thread beside the answers, in their order: once a
    /// request of this very question is in the log, so is everything before it.
    func logged() async -> String {
        let mark = "/mark-\(UInt32.random(in: 0...UInt32.max))"
        guard (try? await Curl.send(["\(adminURL)\(mark)"]))?.status == 404 else { return log }
        #expect(await eventually { log.contains(mark) }, "the log has the request that marks its end")
        return log
    }

    private var child: ChildProcess? { running.withLock { $0 } }

    var pid: Int32 { child?.pid ?? -1 }

    /// kill -9.
    func kill() { child?.kill() }

    /// The page of `/metrics`.
    func scrape() async throws -> String { try await Curl.send(["\(adminURL)/metrics"]).body }

    /// SIGTERM, and how it ended.
    ///
    /// A debug build notices refusals that the API's pages do not tell of, whatever test has met them. And no log, which is
    /// that of the level “trace”, may hold a secret that any test has used.
    @discardableResult
    func stop() async -> ChildProcess.Exit? {
        let untold = log.split(separator: "\n").first { $0.contains("a refusal that its page does not tell of") }
        #expect(untold == nil, "ExpectedRefusal is to be told of it: \(untold ?? "")")
        let exit = await child?.stop(within: .seconds(30))
        await expectNoSecretInTheLog()
        return exit
    }

    /// A test that does not stop its daemon has its log searched all the same.
    deinit {
        guard !isSearched.withLock({ $0 }), let child else { return }
        child.kill()
        knowFiles()
        do {
            let leaks = try KnownSecrets.shared.leaksBlocking(inFile: home.path(of: "log"))
            #expect(leaks.isEmpty, "secrets are in the log")
        } catch {
            Issue.record(error)
        }
    }

    /// Runs a command on the same configuration.
    func command(
        _ arguments: [String],
        input: String = "",
        environment: [String: String] = [:]
    ) async throws -> ChildProcess.Outcome {
        know(arguments, input)
        return try await ChildProcess.run(
            Self.binary,
            arguments + ["--config", configurationFile],
            environment: environment,
            input: Array(input.utf8)
        )
    }

    // MARK: Logins

    func login(_ user: String, _ password: String, directory: Int = 0) async throws -> Curl.Answer {
        try await Curl.form(
            "\(url)/token",
            ["grant_type": "password", "username": user, "password": password, "LDAPServerId": "\(directory)"]
        )
    }

    func token(_ fields: KeyValuePairs<String, String>) async throws -> Curl.Answer {
        try await Curl.form("\(url)/api/v1/auth/token", fields, ["-u", "web:web-secret"])
    }
}
