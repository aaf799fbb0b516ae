internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// Sends StartTLS where it is used, starts TLS, reads the root DSE and records how each step ended.
final class TLSProbeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long a server may be silent inside TLS before the handshake counts as good: a refusal of the client's
    /// certificate comes after the client has finished (RFC 8446 §4.4.2.4).
    private static let patience = TimeAmount.seconds(2)
    /// A longer answer to StartTLS is none.
    private static let answerLimit = 65_536

    private let record: TLSProbe.Record
    private let files: TLSFiles
    private let host: String
    private let startTLS: Bool
    private var answer: [UInt8] = []
    private var isInTLS = false

    init(record: TLSProbe.Record, files: TLSFiles, host: String, startTLS: Bool) {
        self.record = record
        self.files = files
        self.host = host
        self.startTLS = startTLS
    }

    func channelActive(context: ChannelHandlerContext) {
        record.note { $0.isConnected = true }
        if startTLS {
            send(Self.startTLSRequest, context: context)
        } else {
            beginTLS(context: context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isInTLS {
            finish(.established, context: context)
            return
        }
        answer += unwrapInboundIn(data).readableBytesView
        guard let length = BERReader.messageLength(answer) else { return }
        guard length > 0, length <= Self.answerLimit else { return finish(.garbage, context: context) }
        guard answer.count >= length else { return }
        guard let (code, text) = Self.extendedResult(answer) else { return finish(.garbage, context: context) }
        if code == 0 { beginTLS(context: context) } else { finish(.startTLSRefused(code, text), context: context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted = event else { return context.fireUserInboundEventTriggered(event) }
        let version = try? context.pipeline.syncOperations.nioSSL_tlsVersion()
        record.note { outcome in
            outcome.version = version
            outcome.hasHandshake = true
        }
        send(Self.rootDSERequest, context: context)
        let record = record
        let channel = context.channel
        context.eventLoop.scheduleTask(in: Self.patience) {
            record.end(.established)
            channel.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOSSLError.handshakeFailed(let cause): finish(Self.ending(cause), context: context)
        case let cause as BoringSSLError: finish(Self.ending(cause), context: context)
        case NIOSSLError.uncleanShutdown: finish(.closed, context: context)
        case is IOError: finish(.closed, context: context)
        default: finish(.failed(["\(error)"]), context: context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) { finish(.closed, context: context) }

    private func finish(_ ending: TLSProbe.Ending, context: ChannelHandlerContext) {
        record.end(ending)
        context.close(promise: nil)
    }

    private func send(_ bytes: [UInt8], context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
    }

    private func beginTLS(context: ChannelHandlerContext) {
        isInTLS = true
        let record = record
        do {
            let handler = try NIOSSLClientHandler(
                context: files.context,
                serverHostname: IPAddressText.octets(host) == nil ? host : nil,
                customVerificationCallback: { certificates, promise in
                    record.note { $0.chain = certificates.compactMap { try? $0.toDERBytes() } }
                    promise.succeed(.certificateVerified)
                }
            )
            try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
        } catch { finish(.failed(["\(error)"]), context: context) }
    }

    private static func ending(_ error: BoringSSLError) -> TLSProbe.Ending {
        switch error {
        case .sslError(let stack), .unknownError(let stack):
            let texts = stack.map(\.description)
            return texts.contains { $0.contains("EOF during handshake") } ? .closed : .failed(texts)
        case .zeroReturn, .syscallError: return .closed
        default: return .failed(["\(error)"])
        }
    }

    /// Result code and diagnostic message of an ExtendedResponse (RFC 4511 §4.12).
    private static func extendedResult(_ message: [UInt8]) -> (Int, String)? {
        var outer = BERReader(message)
        guard var envelope = outer.next(0x30)?.reader, envelope.next(0x02) != nil,
            var result = envelope.next(0x78)?.reader, let code = result.next(0x0A)?.integer,
            result.next(0x04) != nil, let diagnostic = result.next(0x04)
        else { return nil }
        return (Int(code), diagnostic.text ?? "")
    }

    /// ExtendedRequest StartTLS (RFC 4511 §4.14.1), message id 1.
    private static let startTLSRequest: [UInt8] =
        [0x30, 0x1D, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16] + Array("1.3.6.1.4.1.1466.20037".utf8)

    /// SearchRequest for the root DSE's attribute 1.1, that is none (RFC 4511 §4.5.1.8), message id 2.
    private static let rootDSERequest: [UInt8] =
        [0x30, 0x2A, 0x02, 0x01, 0x02, 0x63, 0x25, 0x04, 0x00, 0x0A, 0x01, 0x00, 0x0A, 0x01, 0x00, 0x02, 0x01, 0x00]
        + [0x02, 0x01, 0x00, 0x01, 0x01, 0x00, 0x87, 0x0B] + Array("objectClass".utf8) + [0x30, 0x05, 0x04, 0x03]
        + Array("1.1".utf8)
}

/// Looks at the raw octets before TLS does, and notes whether they begin like a TLS record (RFC 8446 §5.1).
final class TLSRecordWatcher: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let record: TLSProbe.Record

    init(record: TLSProbe.Record) { self.record = record }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let first = unwrapInboundIn(data).readableBytesView.prefix(2)
        if let type = first.first, 0x14...0x17 ~= type, first.count < 2 || first.last == 0x03 {
            record.note { $0.sawTLS = true }
        }
        context.fireChannelRead(data)
    }
}
