import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport

/// A client connection that sends the octets it is told and keeps those it gets.
final class RawConnection: Sendable {
    /// One answer, taken apart.
    struct Response: Sendable {
        var status: Int
        var headers: [(name: String, value: String)]
        var body: String

        subscript(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    private struct State {
        var received: [UInt8] = []
        var reads = 0
        var isEnded = false
        var failure: String?
    }

    private final class Inbox: Sendable {
        let state = Mutex(State())
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let inbox: Inbox

        init(_ inbox: Inbox) { self.inbox = inbox }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = Self.unwrapInboundIn(data)
            inbox.state.withLock {
                $0.received += buffer.readableBytesView
                $0.reads += 1
            }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { inbox.state.withLock { $0.isEnded = true } }
            context.fireUserInboundEventTriggered(event)
        }

        func channelInactive(context: ChannelHandlerContext) {
            inbox.state.withLock { $0.isEnded = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            inbox.state.withLock { $0.failure = "\(error)" }
            context.close(promise: nil)
        }
    }

    private let channel: any Channel
    private let inbox: Inbox

    private init(channel: any Channel, inbox: Inbox) {
        self.channel = channel
        self.inbox = inbox
    }

    deinit { channel.close(promise: nil) }

    /// Connects to a loopback port; `trusting` a CA file makes it TLS.
    static func open(
        port: Int,
        trusting ca: String? = nil,
        alpn: [String] = [],
        maximumTLS: TLSVersion? = nil
    ) async throws -> RawConnection {
        var context: NIOSSLContext?
        if let ca {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.trustRoots = .file(ca)
            configuration.applicationProtocols = alpn
            if let maximumTLS {
                configuration.minimumTLSVersion = .tlsv1
                configuration.maximumTLSVersion = maximumTLS
            }
            context = try NIOSSLContext(configuration: configuration)
        }
        let inbox = Inbox()
        let channel = try await bootstrap(inbox, context).connect(host: "127.0.0.1", port: port).get()
        return RawConnection(channel: channel, inbox: inbox)
    }

    /// Connects to a Unix socket.
    static func open(unix path: String) async throws -> RawConnection {
        let inbox = Inbox()
        let channel = try await bootstrap(inbox, nil).connect(unixDomainSocketPath: path).get()
        return RawConnection(channel: channel, inbox: inbox)
    }

    private static func bootstrap(_ inbox: Inbox, _ tls: NIOSSLContext?) -> ClientBootstrap {
        ClientBootstrap(group: eventLoops)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: "localhost")
                        )
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(inbox))
                }
            }
    }

    /// The text received so far and not taken yet.
    var received: String { inbox.state.withLock { String(decoding: $0.received, as: UTF8.self) } }
    /// True when the server has closed its side.
    var isEnded: Bool { inbox.state.withLock { $0.isEnded } }
    /// What went wrong on this side, such as a certificate that is not trusted.
    var failure: String? { inbox.state.withLock { $0.failure } }
    /// How many reads brought the octets so far.
    var reads: Int { inbox.state.withLock { $0.reads } }

    /// Sends octets; failures show in what is received.
    func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends octets; failures show in what is received.
    func send(_ octets: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: octets), promise: nil) }

    /// Sends octets and says in `flag` when the system has taken them all.
    func send(_ octets: [UInt8], noting flag: Flag) {
        channel.writeAndFlush(ByteBuffer(bytes: octets)).whenSuccess { flag.set() }
    }

    /// Closes the sending side only.
    func finishSending() { channel.close(mode: .output, promise: nil) }

    /// Closes both sides.
    func close() { channel.close(promise: nil) }

    /// Resets the connection (socket(7), SO_LINGER with 0 seconds).
    func reset() {
        guard let options = channel as? any SocketOptionProvider else { return close() }
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in self.channel.close(promise: nil) }
    }

    /// Stops taking octets off the socket.
    func stopReading() async throws { try await channel.setOption(.autoRead, value: false).get() }

    /// True once the server has closed its side.
    func ends(within limit: Duration = .seconds(10)) async -> Bool {
        await eventually(within: limit) { isEnded }
    }

    /// Takes the next answer, waited for; `toHead` tells that it has no body whatever its headers say.
    func response(toHead: Bool = false, within limit: Duration = .seconds(10)) async throws -> Response {
        var taken: Response?
        _ = await eventually(within: limit, every: .milliseconds(2)) {
            taken = inbox.state.withLock { Self.take(&$0.received, toHead: toHead) }
            return taken != nil || isEnded && received.isEmpty
        }
        guard let taken else {
            throw TestSupportError("no answer; ended: \(isEnded); failure: \(failure ?? "none"); got: \(received)")
        }
        return taken
    }

    private static func take(_ octets: inout [UInt8], toHead: Bool) -> Response? {
        let text = String(decoding: octets, as: UTF8.self)
        guard let end = text.range(ofText: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else { return nil }
        let headers = lines.dropFirst().map { line -> (name: String, value: String) in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1].drop { $0 == " " }) : "")
        }
        let head = text[..<end.upperBound].utf8.count
        let length = headers.first { $0.name == "Content-Length" }.flatMap { Int($0.value) } ?? 0
        let body = toHead || status == 304 ? 0 : length
        guard octets.count >= head + body else { return nil }
        let bodyText = String(decoding: octets[head..<head + body], as: UTF8.self)
        octets.removeFirst(head + body)
        return Response(status: status, headers: headers, body: bodyText)
    }

    /// Sends one request with a body and takes its answer.
    func request(
        _ method: String,
        _ path: String,
        headers: [String] = [],
        body: String? = nil,
        type: String? = "application/x-www-form-urlencoded"
    ) async throws -> Response {
        var text = "\(method) \(path) HTTP/1.1\r\nHost: test\r\n"
        for header in headers { text += header + "\r\n" }
        if let body {
            if let type { text += "Content-Type: \(type)\r\n" }
            text += "Content-Length: \(body.utf8.count)\r\n"
        }
        send(text + "\r\n" + (body ?? ""))
        return try await response(toHead: method == "HEAD")
    }
}

extension String {
    fileprivate func range(ofText needle: String) -> Range<Index>? {
        var index = utf8.startIndex
        let wanted = Array(needle.utf8)
        while index < utf8.endIndex {
            if utf8[index...].starts(with: wanted) { return index..<utf8.index(index, offsetBy: wanted.count) }
            index = utf8.index(after: index)
        }
        return nil
    }
}
