import Glibc
import TestSupport
import Testing

/// A running Debian with systemd as process 1 and a network of its own; what is changed in it is forgotten.
final class Machine: Sendable {
    /// How far it is started.
    enum Target: String {
        /// Nothing of the package runs yet.
        case basic = "basic.target"
        /// Everything that is enabled runs.
        case multiUser = "multi-user.target"
    }

    /// What is on its disk.
    enum Root {
        /// A Debian that has never seen the package.
        case bare
        /// The package, installed.
        case installed
    }

    /// The machine's process 1, as this side numbers it.
    let pid: Int32
    private let process: ChildProcess
    private let folder: TemporaryDirectory

    private init(pid: Int32, process: ChildProcess, folder: TemporaryDirectory) {
        self.pid = pid
        self.process = process
        self.folder = folder
    }

    /// Boots a machine, lets `body` use it, and ends it. At most two run at a time.
    ///
    /// When systemd cannot be process 1 here, this throws and the test fails: there is nothing else that could stand in.
    static func run(
        _ root: Root = .installed,
        to target: Target = .basic,
        _ body: (Machine) async throws -> Void
    ) async throws {
        let image = try await MachineImage.shared
        await MachineRoom.shared.enter()
        do {
            let machine = try await boot(root == .bare ? image.bare : image.installed, to: target)
            do {
                try await body(machine)
            } catch {
                await machine.tellJournal()
                await machine.end()
                throw error
            }
            try await machine.expectNoSecretInTheJournal()
            await machine.end()
        } catch {
            await MachineRoom.shared.leave()
            throw error
        }
        await MachineRoom.shared.leave()
    }

    private static func boot(_ root: String, to target: Target) async throws -> Machine {
        let folder = try TemporaryDirectory("ldapauthd-machine")
        let process = try ChildProcess.start(
            "\(MachineImage.repository)/scripts/machine",
            ["boot", root, folder.path(of: "pid"), target.rawValue]
        )
        let isNumbered = await eventually(within: .seconds(60)) {
            process.exit != nil || number(in: folder) != nil
        }
        guard isNumbered, let pid = number(in: folder) else {
            await process.stop()
            throw TestSupportError(
                "systemd cannot be process 1 in namespaces here, which these tests need (root, unshare, overlayfs, "
                    + "cgroup2): \(process.exit.map { "\($0)" } ?? "no answer")\n\(process.errorOutput.suffix(4_000))"
            )
        }
        let machine = Machine(pid: pid, process: process, folder: folder)
        let isUp = try await eventually(within: .seconds(120), every: .milliseconds(200)) {
            guard process.exit == nil else { return true }
            return try await machine.command("systemctl", "is-active", "-q", target.rawValue).succeeded
        }
        guard isUp, process.exit == nil else {
            let state = try await machine.command("systemctl", "list-jobs", "--no-pager")
            await machine.end()
            throw TestSupportError("the machine did not reach \(target.rawValue): \(state.output)\(state.errorOutput)")
        }
        return machine
    }

    private static func number(in folder: TemporaryDirectory) -> Int32? {
        Int32(text(ofFile: folder.path(of: "pid")).filter { $0 != "\n" })
    }

    private func end() async { await process.stop(within: .seconds(20)) }

    // MARK: Inside

    /// Runs a command inside, as root.
    func command(_ words: String..., input: String = "", within limit: Duration = .seconds(120)) async throws
        -> ChildProcess.Outcome
    {
        know(words, input)
        return try await ChildProcess.run(
            "\(MachineImage.repository)/scripts/machine",
            ["enter", "\(pid)"] + words,
            input: Array(input.utf8),
            within: limit
        )
    }

    /// Runs a shell line inside that has to succeed; returns what it printed.
    @discardableResult
    func shell(_ line: String, input: String = "", within limit: Duration = .seconds(180)) async throws -> String {
        let outcome = try await command("sh", "-c", line, input: input, within: limit)
        guard outcome.succeeded else {
            throw TestSupportError("\(line): \(outcome.exit)\n\(outcome.output)\(outcome.errorOutput)")
        }
        return outcome.output
    }

    /// Where a path of the machine is seen from here.
    func path(of file: String) -> String { "/proc/\(pid)/root\(file)" }

    /// Writes a file as the administrator would: root's, and readable for the daemon's group when `shared`.
    func write(_ content: String, to file: String, shared: Bool = true) async throws {
        try await shell(
            "mkdir -p \"$(dirname \(file))\"; cat > \(file).new; chmod \(shared ? "0640" : "0600") \(file).new; "
                + "\(shared ? "chgrp ldapauthd \(file).new; " : "")mv \(file).new \(file)",
            input: content
        )
    }

    /// A property of a unit.
    func property(_ name: String, of unit: String = "ldapauthd.service") async throws -> String {
        try await shell("systemctl show --value -p \(name) \(unit)").filter { $0 != "\n" }
    }

    /// Waits until systemd has started the service anew, for the first time.
    func isRestarted(within limit: Duration = .seconds(90)) async throws -> Bool {
        try await eventually(within: limit, every: .milliseconds(300)) {
            let state = try await shell("systemctl show --value -p NRestarts -p ActiveState ldapauthd")
            return state.split(separator: "\n").sorted() == ["1", "active"]
        }
    }

    /// What the journal has of a unit.
    func journal(_ unit: String = "ldapauthd.service") async throws -> String {
        try await shell("journalctl --no-pager -o cat -u \(unit)")
    }

    /// Waits until the journal of the service has a text.
    func journal(has text: String, within limit: Duration = .seconds(30)) async throws -> Bool {
        try await eventually(within: limit, every: .milliseconds(200)) {
            try await journal().range(of: text) != nil
        }
    }

    /// Runs a program of this side in the machine's network.
    func outside(_ program: String, _ arguments: [String], input: String = "", within limit: Duration = .seconds(60))
        async throws -> ChildProcess.Outcome
    {
        KnownSecrets.shared.note(curl: arguments)
        let outcome = try await ChildProcess.run(
            "nsenter",
            ["--target", "\(pid)", "--net", program] + arguments,
            input: Array(input.utf8),
            within: limit
        )
        if program == "curl" { KnownSecrets.shared.note(text: outcome.output) }
        return outcome
    }

    /// Starts a program of this side in the machine's network.
    func start(_ program: String, _ arguments: [String], errorFile: String? = nil) throws -> ChildProcess {
        try ChildProcess.start(
            "nsenter",
            ["--target", "\(pid)", "--net", program] + arguments,
            errorFile: errorFile
        )
    }

    /// What one needs to know when a test fails.
    private func tellJournal() async {
        let journal = (try? await shell("journalctl --no-pager -b -n 120")) ?? "(no journal)"
        Issue.record("The machine's journal:\n\(journal)")
    }
}

/// Lets two machines run at a time: a test on a busy machine says nothing about the daemon.
private actor MachineRoom {
    static let shared = MachineRoom()
    private var free = 2
    private var waiting: [CheckedContinuation<Void, Never>] = []

    func enter() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func leave() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
