import CPostgres

/// Where and as whom to connect, and how much at a time.
public struct PostgresConfiguration: Sendable {
    /// libpq's parameters as the URL gave them; hosts and ports apart.
    let parameters: [String: String]
    let hosts: [Host]
    /// `target_session_attrs`
    let target: String

    /// A file with the password, instead of one in the URL; read at each connect. One line break at its end does not count.
    public var passwordFile: String?
    /// The most connections at a time.
    public var connections = 8
    /// Transactions on their way on one connection at a time; more wait in the client.
    public var depth = 16
    /// So many callers may wait for a connection before further ones are refused.
    public var waitingLimit = 4096
    /// Host names, TCP, TLS and the login of one connection must be done within this, over all hosts.
    public var connectTimeout: Duration = .seconds(5)
    /// After so long without any connection calls fail at once instead of waiting for their deadline.
    public var patience: Duration = .seconds(2)
    /// Statements each new connection runs before it is used, without values.
    public var setup: [String] = []

    struct Host: Sendable, Hashable {
        /// Nil: libpq's default, a Unix socket.
        var name: String?
        var address: String?
        var port: String?

        var isSocket: Bool { name.map { $0.isEmpty || $0.hasPrefix("/") || $0.hasPrefix("@") } ?? true }
        var description: String { "\(name ?? address ?? "the local socket")\(port.map { ":\($0)" } ?? "")" }
    }

    /// Reads a URL or connection string as libpq does (libpq, "Connection Strings"): several hosts, `sslmode` and the other
    /// TLS parameters, `target_session_attrs` included; with several hosts and without it, one that takes writes is looked for.
    ///
    /// - Parameters:
    ///   - text: as `postgresql://user@host1,host2/db?target_session_attrs=read-write&sslmode=verify-full`.
    ///   - password: instead of one in the URL.
    ///   - applicationName: unless the URL names one.
    /// - Throws: `.invalidArgument`; the sentence does not quote the text, which may hold a password.
    public init(_ text: String, password: String? = nil, applicationName: String) throws(PostgresError) {
        var read = try Self.parse(text)
        if let password { read["password"] = password }
        let names = Self.list(read.removeValue(forKey: "host"))
        let addresses = Self.list(read.removeValue(forKey: "hostaddr"))
        let ports = Self.list(read.removeValue(forKey: "port"))
        let count = max(1, names.count, addresses.count)
        guard names.isEmpty || addresses.isEmpty || names.count == addresses.count,
            ports.count <= 1 || ports.count == count
        else {
            throw PostgresError(.invalidArgument, "the PostgreSQL URL names other numbers of hosts and of ports")
        }
        hosts = (0..<count).map { index in
            let port = ports.count == 1 ? ports[0] : ports.isEmpty ? "" : ports[index]
            return Host(
                name: names.isEmpty || names[index].isEmpty ? nil : names[index],
                address: addresses.isEmpty || addresses[index].isEmpty ? nil : addresses[index],
                port: port.isEmpty ? nil : port
            )
        }
        // libpq would take any of several, a standby too, on which nothing can be written.
        target = read.removeValue(forKey: "target_session_attrs") ?? (count > 1 ? "read-write" : "any")
        read["fallback_application_name"] = applicationName
        read["client_encoding"] = "UTF8"
        let defaults = [
            // A GSSAPI handshake would be tried first wherever a ticket lies about, and it blocks.
            "gssencmode": "disable",
            // A peer that has vanished is noticed within half a minute, not after two hours (tcp(7)).
            "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "15000",
        ]
        read.merge(defaults) { given, _ in given }
        parameters = read
    }

    /// True when the URL holds a secret itself: a password, or that of the client's key.
    public var hasPassword: Bool { parameters["password"] != nil || parameters["sslpassword"] != nil }

    /// True when it goes over a network and nobody checks the server's certificate: `sslmode` is neither `verify-full` nor
    /// `verify-ca`.
    public var trustsNetwork: Bool {
        let local: Set<String> = ["localhost", "127.0.0.1", "::1"]
        let isRemote = hosts.contains { host in
            guard let place = host.address ?? host.name else { return false }
            return !local.contains(place) && (host.address != nil || !host.isSocket)
        }
        return isRemote && !["verify-full", "verify-ca"].contains(parameters["sslmode"])
    }

    private static func list(_ text: String?) -> [String] {
        guard let text, !text.isEmpty else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private static func parse(_ text: String) throws(PostgresError) -> [String: String] {
        guard !text.utf8.contains(0), let options = unsafe PQconninfoParse(text, nil) else {
            throw PostgresError(
                .invalidArgument,
                "the PostgreSQL URL cannot be read; write postgresql://user@host/database and the parameters of libpq"
            )
        }
        defer { unsafe PQconninfoFree(options) }
        var read: [String: String] = [:]
        var option = unsafe options
        while let keyword = unsafe option.pointee.keyword {
            if let value = unsafe option.pointee.val { unsafe read[String(cString: keyword)] = String(cString: value) }
            unsafe option += 1
        }
        return read
    }
}
