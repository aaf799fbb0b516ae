// API: let outcome = try await ChildProcess.run("openssl", ["version"])          // waits; outcome.exit, .output, .errorOutput
//      let child = try ChildProcess.start("/path/program", ["serve"], environment: ["HOME": "/tmp"])
//      try await child.waitForLine(containing: "listening"); child.signal(SIGHUP); try await child.wait(); await child.stop()
//
// Output goes to files (child.outputFile, child.errorFile), so nothing blocks and nothing is lost. The child is killed by
// the kernel when the test process ends, however it ends, and when the last reference goes.

import FoundationEssentials
public import Glibc
import Synchronization

/// A process started by a test.
public final class ChildProcess: Sendable {
    /// How a process ended.
    public enum Exit: Sendable, Hashable {
        case code(Int32)
        case signal(Int32)
    }

    /// What a finished process left.
    public struct Outcome: Sendable {
        /// How it ended.
        public let exit: Exit
        /// Standard output.
        public let output: String
        /// Standard error.
        public let errorOutput: String
        /// Exit code 0.
        public var succeeded: Bool { exit == .code(0) }
    }

    /// Where to look for a line.
    public enum Stream: Sendable {
        case output, error
    }

    /// The process id; it is not reused before this object knows of the end.
    public let pid: pid_t
    /// The file that takes standard output.
    public let outputFile: String
    /// The file that takes standard error.
    public let errorFile: String
    private let folder: TemporaryDirectory
    private let ended = Mutex<Exit?>(nil)

    private init(pid: pid_t, folder: TemporaryDirectory, outputFile: String, errorFile: String) {
        self.pid = pid
        self.folder = folder
        self.outputFile = outputFile
        self.errorFile = errorFile
    }

    deinit { kill() }

    /// Starts a program (searched in PATH when without a slash).
    ///
    /// - Parameters:
    ///   - environment: added to the test's own; with `inheritsEnvironment: false` all there is, PATH aside.
    ///   - input: the whole of standard input.
    ///   - outputFile, errorFile: appended to when given; otherwise files in a folder of its own.
    public static func start(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        inheritsEnvironment: Bool = true,
        directory: String? = nil,
        input: [UInt8] = [],
        outputFile: String? = nil,
        errorFile: String? = nil
    ) throws -> ChildProcess {
        let folder = try TemporaryDirectory("ldapauthd-child")
        let output = outputFile ?? folder.path(of: "stdout")
        let error = errorFile ?? folder.path(of: "stderr")
        let inputFile = input.isEmpty ? "/dev/null" : try folder.write(input, to: "stdin")
        var variables = inheritsEnvironment ? currentEnvironment() : [:]
        if variables["PATH"] == nil { variables["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" }
        variables.merge(environment) { $1 }
        let pid = try Spawner.shared.spawn(
            arguments: [program] + arguments,
            environment: variables.map { "\($0.key)=\($0.value)" },
            directory: directory,
            files: (inputFile, output, error)
        )
        return ChildProcess(pid: pid, folder: folder, outputFile: output, errorFile: error)
    }

    /// Runs a program to its end.
    public static func run(
        _ program: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        directory: String? = nil,
        input: [UInt8] = [],
        within limit: Duration = .seconds(60)
    ) async throws -> Outcome {
        let child = try start(program, arguments, environment: environment, directory: directory, input: input)
        let exit = try await child.wait(within: limit)
        return Outcome(exit: exit, output: child.output, errorOutput: child.errorOutput)
    }

    /// Everything written to standard output so far.
    public var output: String { text(ofFile: outputFile) }
    /// Everything written to standard error so far.
    public var errorOutput: String { text(ofFile: errorFile) }
    /// Standard output as bytes.
    public var outputBytes: [UInt8] { bytes(ofFile: outputFile) }

    /// How it ended; nil while it runs.
    public var exit: Exit? { ended.withLock { reap(&$0, options: WNOHANG) } }

    /// Sends a signal; false when the process has ended.
    @discardableResult
    public func signal(_ number: Int32) -> Bool {
        ended.withLock { reap(&$0, options: WNOHANG) == nil && Glibc.kill(pid, number) == 0 }
    }

    /// Stops it (SIGSTOP) and waits until all of its threads have: on a busy machine one of them may still answer meanwhile.
    public func freeze() {
        if signal(SIGSTOP) { Self.awaitFrozen(pid) }
    }

    /// The same for a process that is its child.
    static func freeze(_ pid: Int32) {
        if Glibc.kill(pid, SIGSTOP) == 0 { awaitFrozen(pid) }
    }

    private static func awaitFrozen(_ pid: Int32) {
        let end = ContinuousClock.now + .seconds(5)
        while ContinuousClock.now < end, !isFrozen(pid) { usleep(1_000) }
    }

    /// The third field of proc_pid_stat(5), after the name in parentheses, is T for each thread, or Z when it has ended.
    private static func isFrozen(_ pid: Int32) -> Bool {
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") else {
            return true
        }
        return threads.allSatisfy { thread in
            let fields = text(ofFile: "/proc/\(pid)/task/\(thread)/stat")
            guard let name = fields.lastIndex(of: ")"), let state = fields[name...].dropFirst(2).first else {
                return true
            }
            return state == "T" || state == "Z"
        }
    }

    /// Waits for the end.
    @discardableResult
    public func wait(within limit: Duration = .seconds(30)) async throws -> Exit {
        guard await eventually(within: limit, every: .milliseconds(3), { exit != nil }), let exit else {
            throw TestSupportError("pid \(pid) still runs after \(limit); standard error: \(errorOutput.suffix(2_000))")
        }
        return exit
    }

    /// Asks it to end (SIGCONT, SIGTERM) and kills it when it has not within the time.
    @discardableResult
    public func stop(within limit: Duration = .seconds(5)) async -> Exit? {
        signal(SIGCONT)
        signal(SIGTERM)
        if await !eventually(within: limit, every: .milliseconds(3), { exit != nil }) { kill() }
        return exit
    }

    /// Kills it and waits for its end; harmless when it has ended.
    public func kill() {
        ended.withLock {
            guard reap(&$0, options: WNOHANG) == nil else { return }
            Glibc.kill(pid, SIGKILL)
            reap(&$0, options: 0)
        }
    }

    /// The first line that contains the text, waited for.
    @discardableResult
    public func waitForLine(
        containing text: String,
        in stream: Stream = .error,
        within limit: Duration = .seconds(20)
    ) async throws -> String {
        var found: String?
        _ = await eventually(within: limit) {
            let hasEnded = exit != nil
            found = (stream == .output ? output : errorOutput).split(separator: "\n").first { $0.contains(text) }
                .map(String.init)
            return found != nil || hasEnded
        }
        if let found { return found }
        throw TestSupportError(
            "no line with “\(text)”; exit: \(exit.map { "\($0)" } ?? "none"); "
                + "standard output: \(output.suffix(2_000)); standard error: \(errorOutput.suffix(2_000))"
        )
    }

    /// Called under the lock, so that a pid is never signalled after it was given back to the kernel.
    @discardableResult
    private func reap(_ ended: inout Exit?, options: Int32) -> Exit? {
        if let ended { return ended }
        var status: Int32 = 0
        var answer = waitpid(pid, &status, options)
        while answer < 0, errno == EINTR { answer = waitpid(pid, &status, options) }
        if answer == pid {
            let signal = status & 0x7F
            ended = signal == 0 ? .code((status >> 8) & 0xFF) : .signal(signal)
        } else if answer < 0 {
            ended = .code(-1)
        }
        return ended
    }

    private static func currentEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var pointer = environ
        while let entry = pointer.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            pointer += 1
        }
        return variables
    }
}
