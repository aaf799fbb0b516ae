internal import NIOCore
internal import NIOTLS

/// The TLS handshake of this connection is done.
struct ConnectionSecured: Sendable {}

/// Tells the connection of every arrival of octets, which the HTTP decoder keeps to itself until a head is complete,
/// and of the end of the TLS handshake.
final class ArrivalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionHandler

    init(_ connection: ConnectionHandler) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.received(Self.unwrapInboundIn(data))
        context.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            context.fireUserInboundEventTriggered(ConnectionSecured())
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
