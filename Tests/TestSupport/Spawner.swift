import Dispatch
import Glibc
import Synchronization

/// Closes the descriptors from a number on in the child; glibc declares it under _GNU_SOURCE only.
@_silgen_name("posix_spawn_file_actions_addclosefrom_np")
private func addCloseFrom(_ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ from: CInt) -> CInt

/// The one thread that starts child processes.
///
/// `PR_SET_PDEATHSIG` fires when the *thread* that made the child ends (prctl(2)), and threads of Swift's pool come and
/// go; so all children are made by a thread that lives as long as the process.
final class Spawner: Sendable {
    static let shared = Spawner()

    /// Held while a child is made, and by whoever makes a descriptor and then marks it close-on-exec.
    static let descriptorLock = Mutex<Void>(())

    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private let available = DispatchSemaphore(value: 0)

    private init() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Spawner>.fromOpaque(context).takeUnretainedValue().work()
                return nil
            },
            context
        )
    }

    private func work() {
        while true {
            available.wait()
            let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            job?()
        }
    }

    /// Starts a process, with `setpriv` setting the death signal; returns its pid or an errno.
    func spawn(
        arguments: [String],
        environment: [String],
        directory: String?,
        files: (input: String, output: String, error: String)
    ) throws -> pid_t {
        let result = Replaceable<(code: Int32, pid: pid_t)>((0, 0))
        let done = DispatchSemaphore(value: 0)
        jobs.withLock {
            $0.append {
                result.value = Self.posixSpawn(arguments, environment, directory, files)
                done.signal()
            }
        }
        available.signal()
        done.wait()
        let answer = result.value
        guard answer.code == 0 else {
            throw TestSupportError("start \(arguments.first ?? ""): \(String(cString: strerror(answer.code)))")
        }
        return answer.pid
    }

    private static func posixSpawn(
        _ arguments: [String],
        _ environment: [String],
        _ directory: String?,
        _ files: (input: String, output: String, error: String)
    ) -> (code: Int32, pid: pid_t) {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, files.input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, files.output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, files.error, O_WRONLY | O_CREAT | O_APPEND, 0o600)

        // SwiftNIO's sockets are not close-on-exec: a peer would wait for the end of whichever server was started meanwhile.
        _ = addCloseFrom(&actions, 3)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        // `env -C` because glibc offers the file action for it only under _GNU_SOURCE.
        let command =
            ["/usr/bin/setpriv", "--pdeathsig", "KILL", "--"] + (directory.map { ["/usr/bin/env", "-C", $0] } ?? [])
            + arguments
        var argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var pid: pid_t = 0
        let code = descriptorLock.withLock { _ in
            posix_spawn(&pid, "/usr/bin/setpriv", &actions, &attributes, &argv, &envp)
        }
        return (code, pid)
    }
}
