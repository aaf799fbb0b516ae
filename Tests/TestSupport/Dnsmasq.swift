// API: let dns = try await Dnsmasq.start(["srv-host=_ldap._tcp.corp.test,dc1.corp.test,389,0,100", "local-ttl=7"])
//      dns.port (on 127.0.0.1 unless an address is given); await dns.change([…]); dns.stop()

/// A real name server on loopback that knows only what it is told.
public final class Dnsmasq: Sendable {
    /// Its port.
    public let port: Int
    /// The address it listens on.
    public let address: String
    private let folder: TemporaryDirectory
    private let process: Replaceable<ChildProcess?>

    private init(port: Int, address: String, folder: TemporaryDirectory) {
        self.port = port
        self.address = address
        self.folder = folder
        process = Replaceable(nil)
    }

    deinit { stop() }

    /// Starts it with these lines of dnsmasq.conf.
    ///
    /// - Parameters:
    ///   - address: of loopback.
    ///   - port: a free one unless given; 53 is for root.
    public static func start(
        _ lines: [String],
        address: String = "127.0.0.1",
        port: Int? = nil
    ) async throws -> Dnsmasq {
        let dns = Dnsmasq(port: try port ?? freePort(), address: address, folder: try TemporaryDirectory("dnsmasq"))
        try await dns.change(lines)
        return dns
    }

    /// Starts it anew with other lines.
    public func change(_ lines: [String]) async throws {
        stop()
        let all =
            [
                "no-daemon", "no-resolv", "no-hosts", "bind-interfaces", "listen-address=\(address)", "port=\(port)",
                "user=", "pid-file=", "local=/test/", "log-queries", "log-facility=-",
            ] + lines
        let file = try folder.write(all.joined(separator: "\n") + "\n", to: "dnsmasq.conf")
        let child = try ChildProcess.start("/usr/sbin/dnsmasq", ["--conf-file=\(file)"])
        process.value = child
        let isUp = await eventually { child.exit != nil || child.errorOutput.contains("started") }
        guard isUp, child.exit == nil else { throw TestSupportError("dnsmasq: \(child.errorOutput)") }
    }

    /// Ends it; nobody answers there any more.
    public func stop() { process.value?.kill() }
}
