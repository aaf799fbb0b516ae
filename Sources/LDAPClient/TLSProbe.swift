internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// One handshake that accepts any certificate and tells what it saw.
struct TLSProbe: Sendable {
    /// A flag set once.
    final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .acquiring) }
        func set() { value.store(true, ordering: .releasing) }
    }

    /// How the attempt ended.
    enum Ending: Sendable, Hashable {
        /// No connection.
        case unreachable(String)
        /// StartTLS was answered with this result code and diagnostic message.
        case startTLSRefused(Int, String)
        /// What came was no LDAP, before TLS, or no TLS.
        case garbage
        /// The handshake, or what followed it, ended with an error of the TLS library.
        case failed([String])
        /// The peer closed the connection.
        case closed
        /// The deadline passed.
        case timedOut
        /// The server answered a request inside TLS, or said nothing against it.
        case established
    }

    /// What was seen.
    struct Outcome: Sendable {
        /// How it ended.
        var ending: Ending?
        /// The certificates, DER, the server's own first.
        var chain: [[UInt8]] = []
        /// The version agreed on.
        var version: TLSVersion?
        /// The TCP connection stood.
        var isConnected = false
        /// The handshake was completed on this side.
        var hasHandshake = false
        /// The server sent something that begins like a TLS record.
        var sawTLS = false
        /// The server asked for a client certificate.
        var requestedClientCertificate = false
    }

    let url: LDAPURL
    let startTLS: Bool
    let files: TLSFiles

    /// Connects and shakes hands.
    func run(until deadline: ContinuousClock.Instant) async -> Outcome {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let record = Record(promise: loop.makePromise(of: Void.self))
        // An hour at most, so that no deadline overflows the loop's clock.
        let left = min(max(.zero, deadline - .now), .seconds(3_600)).components
        let timeout = TimeAmount.nanoseconds(left.seconds * 1_000_000_000 + left.attoseconds / 1_000_000_000)
        let timer = loop.scheduleTask(in: timeout) { record.end(.timedOut) }
        let (files, startTLS, host) = (files, startTLS, url.host)
        let connected = ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = TLSProbeHandler(record: record, files: files, host: host, startTLS: startTLS)
                    try channel.pipeline.syncOperations.addHandlers(TLSRecordWatcher(record: record), handler)
                }
            }
            .connect(host: url.host, port: url.port)
        connected.whenFailure { record.end(.unreachable(Self.sentence($0))) }
        try? await record.promise.futureResult.get()
        timer.cancel()
        // Also when the connection comes about only after the deadline.
        connected.whenSuccess { $0.close(promise: nil) }
        var outcome = record.outcome
        outcome.requestedClientCertificate = files.requestedClientCertificate.isSet
        return outcome
    }

    private static func sentence(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "\(error)" }
        if let single = error.connectionErrors.first?.error as? IOError { return "\(single)" }
        if error.dnsAError != nil || error.dnsAAAAError != nil { return "the name \(error.host) has no address" }
        return error.connectionErrors.first.map { "\($0.error)" } ?? "\(error)"
    }

    /// What the handlers write into; the first ending counts.
    final class Record: Sendable {
        let promise: EventLoopPromise<Void>
        private let state = Mutex(Outcome())

        init(promise: EventLoopPromise<Void>) { self.promise = promise }

        var outcome: Outcome { state.withLock { $0 } }

        func note(_ change: (inout Outcome) -> Void) { state.withLock { change(&$0) } }

        func end(_ ending: Ending) {
            let isFirst = state.withLock { outcome in
                guard outcome.ending == nil else { return false }
                outcome.ending = ending
                return true
            }
            if isFirst { promise.succeed(()) }
        }
    }
}
