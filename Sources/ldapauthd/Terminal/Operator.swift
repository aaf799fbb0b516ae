import Authentication
import Glibc
import Observability
import Synchronization

/// Who gives the command, and the trace it leaves.
enum Operator {
    private static let noted = Mutex<String?>(nil)

    /// Remembers who it is, before root's rights are given up.
    static func note() {
        let name = name()
        noted.withLock { $0 = $0 ?? name }
    }

    /// Writes to the journal who did what, where there is a journal. The running daemon logs what it hears of the change.
    static func leaveTrace(_ command: String, user: String? = nil, client: String? = nil, outcome: String? = nil) {
        note()
        var event = AuditEvent(.administration)
        event.user = user
        event.client = client
        event.reason = command
        let person = noted.withLock { $0 } ?? "unknown"
        event.detail = "by \(person)" + (outcome.map { ": \($0)" } ?? "")
        AdministratorTrace.record(event)
    }

    /// The user who logged in to this machine (credentials(7), /proc/PID/loginuid), however root was reached since.
    private static func name() -> String {
        name(of: loginID() ?? getuid())
    }

    private static func loginID() -> uid_t? {
        let file = unsafe open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var octets = [UInt8](repeating: 0, count: 16)
        let count = unsafe read(file, &octets, octets.count)
        guard let id = uid_t(String(decoding: octets.prefix(max(0, count)), as: UTF8.self)), id != uid_t.max else {
            return nil
        }
        return id
    }

    private static func name(of id: uid_t) -> String {
        guard let user = unsafe getpwuid(id) else { return String(id) }
        return unsafe String(cString: user.pointee.pw_name)
    }
}
