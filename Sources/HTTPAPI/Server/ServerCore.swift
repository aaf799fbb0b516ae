internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// What all connections of one server share.
final class ServerCore: Sendable {
    let limits: HTTPLimits
    let responder: any RequestResponding
    let registry: ConnectionRegistry
    let logger: Logger
    private let date = HTTPDate()
    private let executors = Mutex<[ObjectIdentifier: LoopExecutor]>([:])
    private let refusalNote = Mutex<ContinuousClock.Instant?>(nil)

    init(limits: HTTPLimits, responder: any RequestResponding, logger: Logger) {
        self.limits = limits
        self.responder = responder
        self.logger = logger
        registry = ConnectionRegistry(limit: limits.maxConnections)
    }

    /// The value of the Date header field.
    func dateNow() -> String {
        date.text(at: Int64(time(nil)))
    }

    /// What runs requests on `loop`: one for all its connections.
    func executor(of loop: any EventLoop) -> LoopExecutor {
        executors.withLock { executors in
            if let known = executors[ObjectIdentifier(loop)] { return known }
            let executor = LoopExecutor(loop)
            executors[ObjectIdentifier(loop)] = executor
            return executor
        }
    }

    /// Said at most once a minute: whoever opens connections without end shall not fill the log as well.
    private func noteRefusal() {
        let isDue = refusalNote.withLock { last in
            if let last, last.duration(to: .now) < .seconds(60) { return false }
            last = .now
            return true
        }
        guard isDue else { return }
        logger.warning(
            "connections are closed at once: http.max_connections are open",
            metadata: [
                "max_connections": .stringConvertible(limits.maxConnections),
                "closed_so_far": .stringConvertible(registry.refused),
            ]
        )
    }

    /// Makes `channel` a connection of this server; it is closed at once when there are too many.
    func configure(_ channel: any Channel, tls: TLSContext?) -> EventLoopFuture<Void> {
        guard let id = registry.admit(channel) else {
            noteRefusal()
            return channel.eventLoop.makeFailedFuture(ChannelError.eof)
        }
        return channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            var endPoint: [UInt8]?
            if let tls {
                let side = tls.makeSide()
                endPoint = side.endPoint
                try pipeline.addHandler(side.handler)
            }
            let connection = ConnectionHandler(server: self, id: id, isSecure: tls != nil, endPoint: endPoint)
            var decoding = NIOHTTPDecoderLimitConfiguration()
            decoding.maxHeaderFieldSize = limits.maxHeaderField
            decoding.maxHeaderListSize = limits.maxHeaders
            decoding.maxHeaderFieldCount = limits.maxHeaderFields
            let decoder = HTTPRequestDecoder(
                leftOverBytesStrategy: .dropBytes,
                informationalResponseStrategy: .drop,
                limitConfiguration: decoding
            )
            try pipeline.addHandler(ArrivalHandler(connection))
            try pipeline.addHandler(ByteToMessageHandler(decoder))
            try pipeline.addHandler(connection)
        }
    }
}
