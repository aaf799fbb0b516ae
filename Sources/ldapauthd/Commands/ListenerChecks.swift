import Glibc
import HTTPAPI

/// Whether the daemon could listen where the configuration says, for `check`.
struct ListenerChecks {
    let holders: PortHolders

    /// A socket that listens where an address of the configuration says.
    private struct Opened {
        let text: String
        let port: Int
        let descriptor: Int32
    }

    func steps(_ http: Configuration.HTTP) -> [CheckStep] {
        // All stay open until the last was tried, as the daemon's do: one address may take another's port.
        var opened: [Opened] = []
        defer { for socket in opened { close(socket.descriptor) } }
        return (http.listen + http.adminListen).compactMap { text in
            switch try? ListenAddress(text) {
            case .tcp(let host, let port): tcp(text, host: host, port: port, &opened)
            case .unix(let path): unix(text, path: path)
            // The sockets are systemd's to open.
            case .systemd, nil: nil
            }
        }
    }

    private func tcp(_ text: String, host: String, port: Int, _ opened: inout [Opened]) -> CheckStep {
        guard port != 0 else { return CheckStep("listener", .passed, .zero, "\(text): a free port at each start") }
        switch Self.listen(host, port) {
        case .open(let descriptor):
            opened.append(Opened(text: text, port: port, descriptor: descriptor))
            return CheckStep("listener", .passed, .zero, "\(text) is free")
        case .failed(EADDRINUSE):
            guard let other = opened.first(where: { $0.port == port }) else {
                return taken(text, holders.holder(ofPort: port))
            }
            return failed(
                "\(text) cannot be listened on beside \(other.text), which takes the same port",
                "0.0.0.0 and [::] stand for every address of their kind: leave out the other, or give it another port"
            )
        case .failed(EADDRNOTAVAIL):
            return failed(
                "no network interface of this machine has the address of \(text)",
                "correct it, or see `ip address`"
            )
        case .failed(EACCES):
            return CheckStep(
                "listener",
                .warning,
                .zero,
                "\(text): a port below 1024 is for root, and the service is not root",
                remedy: "choose a higher one, or let systemd listen: listen = [\"systemd\"] and ldapauthd.socket"
            )
        case .unknownHost:
            return failed("the host of \(text) is not known", "write an address, or check this machine's DNS")
        case .failed(let error):
            return failed("\(text) cannot be listened on: \(Errno.sentence(error))", "correct it in [http]")
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

    private enum Attempt {
        case open(Int32)
        case failed(Int32)
        case unknownHost
    }

    /// Listens as the daemon does: SO_REUSEADDR is set, and IPv6 sockets are for IPv6 alone.
    private static func listen(_ host: String, _ port: Int) -> Attempt {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_NUMERICSERV | AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &found) == 0, let first = unsafe found else {
            return .unknownHost
        }
        defer { unsafe freeaddrinfo(first) }
        let info = unsafe first.pointee
        let descriptor = unsafe socket(
            info.ai_family,
            info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue),
            info.ai_protocol
        )
        guard descriptor >= 0 else { return .failed(errno) }
        var on: Int32 = 1
        let length = socklen_t(MemoryLayout<Int32>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, length)
        if unsafe info.ai_family == AF_INET6 {
            unsafe setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &on, length)
        }
        guard unsafe Glibc.bind(descriptor, info.ai_addr, info.ai_addrlen) == 0, Glibc.listen(descriptor, 1) == 0 else {
            let error = errno
            close(descriptor)
            return .failed(error)
        }
        return .open(descriptor)
    }
}

extension Configuration.HTTP {
    /// Who has the addresses that this process does not listen on.
    var takenAddresses: [String] {
        let holders = PortHolders.now()
        return (listen + adminListen).compactMap { text in
            guard case .tcp(_, let port)? = try? ListenAddress(text), let holder = holders.sentence(ofPort: port) else {
                return nil
            }
            return "\(text) is taken by \(holder)"
        }
    }
}
