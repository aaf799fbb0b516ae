import Glibc
import TestSupport
import Testing
import Tokens

@testable import HTTPAPI

@Suite("Listeners", .timeLimit(.minutes(2)))
struct ListenerTests {
    private let login = "grant_type=password&username=terry-j&password=terry-j"

    @Test func severalListenersOfSeveralKinds() async throws {
        let folder = try TemporaryDirectory("ldapauthd-http")
        let path = folder.path(of: "http.sock")
        try await TestServer.with({
            $0.listen = [
                .tcp(host: "127.0.0.1", port: 0), .tcp(host: "::1", port: 0), .tcp(host: "localhost", port: 0),
                .unix(path: path),
            ]
        }) { server in
            #expect(server.addresses.count == 4)
            #expect(server.addresses[0].description == "http://127.0.0.1:\(server.port)")
            #expect(server.addresses[1].description.hasPrefix("http://[::1]:"))
            #expect(server.addresses[3].description == "unix:\(path)")
            #expect(server.addresses.prefix(3).allSatisfy { $0.port != 0 })
            let local = try await RawConnection.open(unix: path)
            #expect(try await local.request("POST", "/token", body: login).status == 200)
            var info = stat()
            #expect(stat(path, &info) == 0)
            #expect(info.st_mode & 0o777 == 0o660)
        }
        // Our own socket file goes with us.
        #expect(access(path, F_OK) != 0)
    }

    @Test func unixPeersNameTheirCallerOnlyWhenTrusted() async throws {
        let folder = try TemporaryDirectory("ldapauthd-http")
        for (trusted, expected) in [(true, "198.51.100.7"), (false, "unix")] {
            let tokens = ScriptedTokens()
            try await TestServer.with(
                tokens,
                {
                    $0.listen = [.unix(path: folder.path(of: "a.sock"))]
                    $0.trustedProxies = TrustedProxies(unixPeers: trusted)
                }
            ) { _ in
                let connection = try await RawConnection.open(unix: folder.path(of: "a.sock"))
                let headers = ["X-Forwarded-For: 198.51.100.7", "User-Agent: probe/1"]
                _ = try await connection.request("POST", "/token", headers: headers, body: login)
                #expect(tokens.lastContext?.address == expected)
                #expect(tokens.lastContext?.userAgent == "probe/1")
                #expect(tokens.lastContext?.requestID.count == 16)
                let answer = try await connection.request(
                    "POST",
                    "/api/v1/auth/token",
                    headers: headers,
                    body: "grant_type=client_credentials"
                )
                #expect(answer.body.contains(trusted ? "\"ip\":\"198.51.100.7\"" : "\"ip\":null"))
            }
        }
    }

    @Test func staleSocketFileIsReplaced() async throws {
        let folder = try TemporaryDirectory("ldapauthd-http")
        let path = folder.path(of: "a.sock")
        try leaveSocket(path)
        #expect(access(path, F_OK) == 0)
        try await TestServer.with({ $0.listen = [.unix(path: path)] }) { _ in
            let connection = try await RawConnection.open(unix: path)
            #expect(try await connection.request("POST", "/token", body: login).status == 200)
        }
    }

    @Test func livingSocketIsLeftAlone() async throws {
        let folder = try TemporaryDirectory("ldapauthd-http")
        let path = folder.path(of: "a.sock")
        try await TestServer.with({ $0.listen = [.unix(path: path)] }) { _ in
            let error = await failure { $0.listen = [.unix(path: path)] }
            #expect(error?.description == "cannot listen on unix:\(path): another process answers there")
            let connection = try await RawConnection.open(unix: path)
            #expect(try await connection.request("POST", "/token", body: login).status == 200)
        }
    }

    @Test func fileThatIsNoSocketIsLeftAlone() async throws {
        let folder = try TemporaryDirectory("ldapauthd-http")
        let path = try folder.write("precious", to: "a.sock")
        let error = await failure { $0.listen = [.unix(path: path)] }
        #expect(error?.code == .cannotListen)
        #expect(text(ofFile: path) == "precious")
    }

    @Test func portInUseIsNamed() async throws {
        try await TestServer.with { server in
            let error = await failure {
                $0.listen = [.tcp(host: "127.0.0.1", port: 0), .tcp(host: "127.0.0.1", port: server.port)]
            }
            #expect(error?.code == .cannotListen)
            #expect(
                error?.description.hasPrefix("cannot listen on 127.0.0.1:\(server.port): Address already in use")
                    == true
            )
        }
    }

    @Test func missingFolderAndUnknownHostAreNamed() async throws {
        let missing = await failure { $0.listen = [.unix(path: "/nonexistent/a.sock")] }
        #expect(
            missing?.description == "cannot listen on unix:/nonexistent/a.sock: No such file or directory; make "
                + "the folder it shall lie in, owned by the daemon's user"
        )
        let unknown = await failure { $0.listen = [.tcp(host: "no-such-host.invalid", port: 0)] }
        #expect(unknown?.description.hasPrefix("cannot listen on no-such-host.invalid:0: ") == true)
        let none = await failure { $0.listen = [.systemd] }
        #expect(none?.description == "cannot listen on systemd: it handed over no socket")
    }

    @Test func inheritedSocketsAreServed() async throws {
        let folder = try TemporaryDirectory("ldapauthd-http")
        let path = folder.path(of: "systemd.sock")
        let local = try listeningSocket(path)
        let (remote, port) = try listeningSocket()
        try await TestServer.with({
            $0.listen = [.systemd]
            $0.inheritedSockets = [local, remote]
        }) { server in
            #expect(server.addresses.map(\.description) == ["unix:\(path)", "http://127.0.0.1:\(port)"])
            for connection in [try await RawConnection.open(unix: path), try await RawConnection.open(port: port)] {
                #expect(try await connection.request("POST", "/token", body: login).status == 200)
            }
        }
        // systemd's socket file is systemd's.
        #expect(access(path, F_OK) == 0)
    }

    private func failure(_ change: (inout HTTPSettings) -> Void) async -> HTTPServerError? {
        do {
            let server = try await TestServer.start(change: change)
            try await server.stop()
            return nil
        } catch {
            return error as? HTTPServerError
        }
    }

    private func leaveSocket(_ path: String) throws {
        close(try listeningSocket(path))
    }

    private func listeningSocket(_ path: String) throws -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { bind(descriptor, $0.baseAddress, length) }
        }
        guard result == 0, listen(descriptor, 16) == 0 else { throw TestSupportError("bind: \(errno)") }
        return descriptor
    }

    private func listeningSocket() throws -> (CInt, Int) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutableBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                bind(descriptor, $0.baseAddress, length) | getsockname(descriptor, $0.baseAddress, &length)
            }
        }
        guard result == 0, listen(descriptor, 16) == 0 else { throw TestSupportError("bind: \(errno)") }
        return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
    }
}
