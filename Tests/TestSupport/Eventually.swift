// API: #expect(await eventually { try slapd.acceptedConnections == 1 })
//      let port = try freePort()

import Glibc
import Synchronization

/// True as soon as `condition` holds; false when it does not within the time.
public func eventually(
    within limit: Duration = .seconds(10),
    every pause: Duration = .milliseconds(10),
    _ condition: () async throws -> Bool
) async rethrows -> Bool {
    let begun = ContinuousClock.now
    LostTime.watch()
    while true {
        if try await condition() { return true }
        if ContinuousClock.now - begun - LostTime.since(begun) >= limit { return false }
        try? await Task.sleep(for: pause)
        if Task.isCancelled { return false }
    }
}

private let portsGiven = Mutex<Set<Int>>([])

/// A loopback TCP port that nobody listened on a moment ago.
///
/// Taken at random below the kernel's range for outgoing connections and never twice in one process. Another process may
/// still take it first: whoever binds it tries again with another on failure.
public func freePort() throws -> Int {
    for _ in 0..<1_000 {
        let port = Int.random(in: 10_240..<32_000)
        guard portsGiven.withLock({ $0.insert(port).inserted }) else { continue }
        let descriptor = socket(AF_INET, streamSocket, 0)
        guard descriptor >= 0 else { continue }
        defer { close(descriptor) }
        var address = loopback(port: port)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return port }
    }
    throw TestSupportError("no free port found")
}

/// An address 127.x.y.z at which nobody listens on any of the ports, for servers whose ports cannot be chosen.
func freeLoopbackAddress(ports: [Int]) -> String {
    while true {
        let parts = (0..<3).map { _ in String(Int.random(in: 1...254)) }
        let address = "127." + parts.joined(separator: ".")
        let isFree = ports.allSatisfy { port in
            guard let descriptor = connectLoopback(port: port, address: address) else { return true }
            close(descriptor)
            return false
        }
        if isFree { return address }
    }
}

/// The type argument of socket(2) for TCP, not inherited by children.
let streamSocket = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

/// An address with a port, in network order.
func loopback(port: Int, address text: String = "127.0.0.1") -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
    inet_pton(AF_INET, text, &address.sin_addr)
    return address
}

/// A blocking TCP connection to a loopback port, with a send and receive time limit; nil when refused.
func connectLoopback(port: Int, address text: String = "127.0.0.1", seconds: Int = 1) -> Int32? {
    let descriptor = socket(AF_INET, streamSocket, 0)
    guard descriptor >= 0 else { return nil }
    var limit = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = loopback(port: port, address: text)
    let result = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    if result == 0 { return descriptor }
    close(descriptor)
    return nil
}
