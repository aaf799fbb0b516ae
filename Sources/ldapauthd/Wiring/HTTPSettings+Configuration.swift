import Glibc
import HTTPAPI
import Observability

extension Configuration.HTTP {
    /// What HTTPAPI is told.
    ///
    /// - Parameter sockets: what systemd handed over.
    func settings(sockets: [InheritedSocket]) throws(CommandFailure) -> HTTPSettings {
        do throws(HTTPServerError) {
            var listeners: [ListenAddress] = []
            for text in listen { listeners.append(try ListenAddress(text)) }
            var adminListeners: [ListenAddress] = []
            for text in adminListen { adminListeners.append(try ListenAddress(text)) }
            // A socket unit names the sockets of the admin endpoints so (FileDescriptorName= of systemd.socket(5)).
            let adminSockets = sockets.filter { $0.name == "admin" }
            let publicSockets = sockets.filter { $0.name != "admin" }
            if listeners.contains(.systemd) { try judge(publicSockets) }
            if adminListeners.contains(.systemd), adminSockets.isEmpty {
                throw HTTPServerError(
                    .cannotListen,
                    "http.admin_listen names \"systemd\", but no socket named “admin” was handed over: give its socket "
                        + "unit FileDescriptorName=admin"
                )
            }
            return HTTPSettings(
                listen: listeners,
                adminListen: adminListeners,
                inheritedSockets: listeners.contains(.systemd) ? publicSockets.map(\.descriptor) : [],
                adminInheritedSockets: adminListeners.contains(.systemd) ? adminSockets.map(\.descriptor) : [],
                basePath: basePath,
                trustedProxies: try TrustedProxies(trustedProxies),
                requiresTLS: requireTLS,
                corsOrigins: corsOrigins,
                limits: HTTPLimits(
                    maxBody: maxBody,
                    requestTimeout: requestTimeout,
                    idleTimeout: idleTimeout,
                    maxConnections: maxConnections,
                    shutdownGrace: shutdownGrace
                ),
                tls: tls.map { TLSFiles(certificate: $0.certificateFile, key: $0.keyFile) }
            )
        } catch {
            throw CommandFailure(.configuration, error.description)
        }
    }

    /// True when a listener beyond this machine cannot take passwords in clear text unnoticed.
    var isGuarded: Bool { tls != nil || requireTLS || !trustedProxies.isEmpty }

    /// Sockets of a socket unit obey the same rule as listeners of ours.
    private func judge(_ sockets: [InheritedSocket]) throws(HTTPServerError) {
        guard !sockets.isEmpty else {
            throw HTTPServerError(
                .cannotListen,
                "http.listen names \"systemd\", but no socket was handed over: start it through a socket unit"
            )
        }
        guard !isGuarded && !allowCleartext else { return }
        for socket in sockets where !SocketReach.isLocal(socket.descriptor) {
            throw HTTPServerError(
                .cannotListen,
                "the socket “\(socket.name)” of systemd would take passwords in clear text: add [http.tls], trusted_proxies "
                    + "or require_tls, or say allow_cleartext = true"
            )
        }
    }
}

/// Who can reach a listening socket.
private enum SocketReach {
    /// True for Unix sockets and loopback addresses (getsockname(2)).
    static func isLocal(_ descriptor: CInt) -> Bool {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let status = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        guard status == 0 else { return false }
        if Int32(storage.ss_family) == AF_UNIX { return true }
        var host = [CChar](repeating: 0, count: 64)
        let named = unsafe withUnsafePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getnameinfo($0, length, &host, 64, nil, 0, NI_NUMERICHOST)
            }
        }
        guard named == 0 else { return false }
        return CleartextRule.isLoopback(
            String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        )
    }
}
