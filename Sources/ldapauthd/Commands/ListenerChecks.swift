import Glibc
import HTTPAPI

/// Whether the daemon could listen where the configuration says, for `check`.
struct ListenerChecks {
    let holders: PortHolders

    func steps(_ http: Configuration.HTTP) -> [CheckStep] {
        (http.listen + http.adminListen).compactMap { text in
            switch try? ListenAddress(text) {
            case .tcp(let host, let port): tcp(text, host: host, port: port)
            case .unix(let path): unix(text, path: path)
            // The sockets are systemd's to open.
            case .systemd, nil: nil
            }
        }
    }

    private func tcp(_ text: String, host: String, port: Int) -> CheckStep {
        guard port != 0 else { return CheckStep("listener", .passed, .zero, "\(text): a free port at each start") }
        switch Self.bind(host, port) {
        case 0: return CheckStep("listener", .passed, .zero, "\(text) is free")
        case EADDRINUSE: return taken(text, holders.holder(ofPort: port))
        case EADDRNOTAVAIL:
            return failed(
                "no network interface of this machine has the address of \(text)",
                "correct it, or see `ip address`"
            )
        case EACCES:
            return CheckStep(
                "listener",
                .warning,
                .zero,
                "\(text): a port below 1024 is for root, and the service is not root",
                remedy: "choose a higher one, or let systemd listen: listen = [\"systemd\"] and ldapauthd.socket"
            )
        case -1: return failed("the host of \(text) is not known", "write an address, or check this machine's DNS")
        case let error: return failed("\(text) cannot be listened on: \(Errno.sentence(error))", "correct it in [http]")
        }
    }

    private func taken(_ text: String, _ holder: PortHolders.Holder?) -> CheckStep {
        guard let holder else {
            return failed("another process has \(text)", "give the command as root, which sees which: `ss -ltnp`")
        }
        guard !holder.isDaemon else {
            return CheckStep(
                "listener",
                .passed,
                .zero,
                "\(text): the running daemon (process \(holder.process)) has it"
            )
        }
        return failed(
            "\(holder.name) (process \(holder.process)) has \(text)",
            "stop that one, or choose another address in [http]"
        )
    }

    private func unix(_ text: String, path: String) -> CheckStep {
        let folder = ConfigurationPath.folder(of: path)
        var status = stat()
        guard unsafe stat(folder, &status) == 0 else {
            return failed("\(text): the folder \(folder) does not exist", "make it, owned by the service's user")
        }
        guard unsafe stat(path, &status) == 0 else {
            guard unsafe access(folder, W_OK | X_OK) == 0 else {
                return failed(
                    "\(text): user \(geteuid()), who runs the service, may not write into \(folder)",
                    "chown it to the service's user"
                )
            }
            return CheckStep("listener", .passed, .zero, "\(text) is free")
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            return failed("\(text): there is a file that is no socket", "remove it, or choose another path")
        }
        return CheckStep(
            "listener",
            .passed,
            .zero,
            "\(text): a socket is there, of a running daemon or of the last one"
        )
    }

    private func failed(_ message: String, _ remedy: String) -> CheckStep {
        CheckStep("listener", .failed, .zero, message, remedy: remedy)
    }

    /// 0, an errno, or -1 for a host that nobody knows. The daemon sets SO_REUSEADDR too.
    private static func bind(_ host: String, _ port: Int) -> Int32 {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0, let first = unsafe found else { return -1 }
        defer { unsafe freeaddrinfo(first) }
        let info = unsafe first.pointee
        let descriptor = unsafe socket(
            info.ai_family,
            info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue),
            info.ai_protocol
        )
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var on: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        guard unsafe Glibc.bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, listen(descriptor, 1) == 0 else {
            return errno
        }
        return 0
    }
}
