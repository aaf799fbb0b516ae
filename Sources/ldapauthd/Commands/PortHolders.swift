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

    func holder(ofPort port: Int) -> Holder? { holders[port] }

    /// As far as the present user may see.
    static func now() -> PortHolders {
        var ports: [String: Int] = [:]
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            for line in text(table).split(separator: "\n").dropFirst() {
                let fields = line.split(separator: " ")
                // Local address, remote address, state (0A is TCP_LISTEN), …, inode.
                guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                    let port = Int(fields[1][fields[1].index(after: colon)...], radix: 16)
                else { continue }
                ports["socket:[\(fields[9])]"] = port
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
        return PortHolders(holders: holders)
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
