import Glibc
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Listens on a Unix socket for the commands of this machine's administrator: root, or the daemon's own user.
struct ControlServer: Service {
    private static let connectionLimit = 8
    /// For the one line of a request to arrive.
    private static let patience = TimeAmount.seconds(5)

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    let path: String
    let group: MultiThreadedEventLoopGroup
    let logger: Logger
    let answer: @Sendable (ControlRequest) async -> ControlAnswer

    func run() async throws {
        do {
            try await serve()
        } catch {
            // The daemon works without it: SIGHUP reloads as well.
            logger.warning("no control socket", metadata: ["path": "\(path)", "error": "\(error)"])
            try? await gracefulShutdown()
        }
    }

    private func serve() async throws {
        let server = try await listen()
        defer { _ = unsafe unlink(path) }
        await withTaskCancellationOrGracefulShutdownHandler {
            await accept(server)
        } onCancelOrGracefulShutdown: {
            server.channel.close(promise: nil)
        }
    }

    private func listen() async throws -> NIOAsyncChannel<Connection, Never> {
        do {
            return try await bind()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            // Left by a daemon that was killed, unless somebody answers (unix(7): ECONNREFUSED when nobody listens).
            guard await isDead() else { throw error }
            _ = unsafe unlink(path)
            return try await bind()
        }
    }

    private func isDead() async -> Bool {
        do {
            let bootstrap = ClientBootstrap(group: group).connectTimeout(Self.patience)
            try await bootstrap.connect(unixDomainSocketPath: path).get().close().get()
            return false
        } catch {
            return (error as? IOError)?.errnoCode == ECONNREFUSED
        }
    }

    private func bind() async throws -> NIOAsyncChannel<Connection, Never> {
        let server = try await ServerBootstrap(group: group)
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: false) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        // Whoever else connects is turned away by `isAllowed`.
        guard unsafe chmod(path, 0o600) == 0 else {
            let error = IOError(errnoCode: errno, reason: "chmod")
            try? await server.channel.close()
            throw error
        }
        return server
    }

    private func accept(_ server: NIOAsyncChannel<Connection, Never>) async {
        let open = OpenConnections(limit: Self.connectionLimit)
        await withDiscardingTaskGroup { tasks in
            // A listener that fails ends like one that was closed: there is nothing else to do about it.
            try? await server.executeThenClose { connections in
                for try await connection in connections {
                    let isAdmitted = open.admit()
                    tasks.addTask {
                        // Whoever hangs up needs no answer.
                        if isAdmitted { try? await talk(connection) } else { try? await connection.channel.close() }
                        open.ended()
                    }
                }
            }
        }
    }

    /// One request, one answer.
    private func talk(_ connection: Connection) async throws {
        let channel = connection.channel
        let cutOff = channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        defer { cutOff.cancel() }
        let peer = try await PeerCredentials.of(channel)
        try await connection.executeThenClose { inbound, outbound in
            guard let peer, peer.mayCommand else {
                logger.warning("a command was refused", metadata: ["uid": "\(peer.map { "\($0.user)" } ?? "unknown")"])
                let answer = ControlAnswer(
                    code: CommandFailure.Code.notPermitted.rawValue,
                    message: "only root and the user of the daemon may do that"
                )
                try await outbound.write(ByteBuffer(bytes: ControlLine.encode(answer)))
                return
            }
            guard let line = try await Self.line(from: inbound) else { return }
            cutOff.cancel()
            try await outbound.write(ByteBuffer(bytes: ControlLine.encode(await reply(to: line))))
        }
    }

    private func reply(to line: [UInt8]) async -> ControlAnswer {
        do {
            return await answer(try ControlLine.decode(line))
        } catch {
            return ControlAnswer(
                code: CommandFailure.Code.badInput.rawValue,
                message: "the daemon does not know this command: it is of another version than the program that asks"
            )
        }
    }

    private static func line(from inbound: NIOAsyncChannelInboundStream<ByteBuffer>) async throws -> [UInt8]? {
        var octets: [UInt8] = []
        for try await buffer in inbound {
            octets += buffer.readableBytesView
            if let end = octets.firstIndex(of: 0x0A) { return Array(octets[..<end]) }
            guard octets.count < ControlLine.limit else { return nil }
        }
        return nil
    }
}

/// Counts the connections of one socket.
private final class OpenConnections: Sendable {
    private let limit: Int
    private let number = Mutex(0)

    init(limit: Int) {
        self.limit = limit
    }

    func admit() -> Bool {
        number.withLock { number in
            number += 1
            return number <= limit
        }
    }

    func ended() {
        number.withLock { $0 -= 1 }
    }
}

/// Who is at the other end of a Unix socket, as the kernel saw it connect (SO_PEERCRED of unix(7)).
private struct PeerCredentials {
    /// `struct ucred` of unix(7), which Swift's Glibc leaves out.
    private struct Octets: Sendable {
        var process: pid_t
        var user: uid_t
        var group: gid_t
    }

    let user: uid_t

    /// Root, and the user the daemon runs as.
    var mayCommand: Bool { user == 0 || user == geteuid() }

    /// nil on a socket that cannot tell.
    static func of(_ channel: any Channel) async throws -> PeerCredentials? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let credentials: Octets = try await provider.unsafeGetSocketOption(
            level: SocketOptionLevel(SOL_SOCKET),
            name: SocketOptionName(SO_PEERCRED)
        ).get()
        return PeerCredentials(user: credentials.user)
    }
}
