import Glibc

/// Which processes listen on which TCP ports of this machine, by /proc (proc(5)).
struct PortHolders {
    struct Holder {
        var process: Int32
        var name: String
        /// It is this very program.
        var isDaemon: Bool
    }

    private let holders: [Int: Holder]
    /// Whose the sockets are, of processes too that the present user may not look into; 65534 for users of another namespace
    /// (user_namespaces(7)).
    private let owners: [Int: UInt32]

    func holder(ofPort port: Int) -> Holder? { holders[port] }

    /// Who listens on a port, as well as it can be said; nil when nobody but this process does.
    func sentence(ofPort port: Int) -> String? {
        if let holder = holders[port] { return "\(holder.name) (process \(holder.process))" }
        switch owners[port] {
        case nil: return nil
        case 0: return "a process of root"
        case 65534: return "a process of another user"
        case geteuid(): return "another process of its own user"
        case let user?: return "a process of the user \(user)"
        }
    }

    /// As far as the present user may see.
    static func now() -> PortHolders {
        var ports: [String: Int] = [:]
        var owners: [Int: UInt32] = [:]
        let own = Set(names(in: "/proc/self/fd").compactMap { link("/proc/self/fd/\($0)") })
        // Below its own process: the sandbox hides the rest (ProcSubset= of systemd.exec(5)).
        for table in ["/proc/self/net/tcp", "/proc/self/net/tcp6"] {
            for line in text(table).split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                // Local address, remote address, state (0A is TCP_LISTEN), …, uid, timeout, inode.
                guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                    let port = Int(fields[1][fields[1].index(after: colon)...], radix: 16)
                else { continue }
                let socket = "socket:[\(fields[9])]"
                guard !own.contains(socket) else { continue }
                ports[socket] = port
                owners[port] = UInt32(fields[7])
            }
        }
        var holders: [Int: Holder] = [:]
        for entry in names(in: "/proc") {
            guard let process = Int32(entry), process != getpid() else { continue }
            for file in names(in: "/proc/\(entry)/fd") {
                guard let target = link("/proc/\(entry)/fd/\(file)"), let port = ports[target] else { continue }
                let name = text("/proc/\(entry)/comm").split(separator: "\n").first.map(String.init) ?? "a process"
                let known = holders[port]
                // Of several that share a socket (systemd and the daemon it started) the daemon is meant.
                if known?.isDaemon != true {
                    holders[port] = Holder(process: process, name: name, isDaemon: name == "ldapauthd")
                }
            }
        }
        return PortHolders(holders: holders, owners: owners)
    }

    private static func names(in folder: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { octets in
                unsafe String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    private static func link(_ path: String) -> String? {
        var target = [CChar](repeating: 0, count: 256)
        let count = unsafe readlink(path, &target, target.count)
        guard count > 0 else { return nil }
        return String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func text(_ path: String) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            guard count > 0, octets.count < 16 << 20 else { return String(decoding: octets, as: UTF8.self) }
            octets += chunk.prefix(count)
        }
    }
}
