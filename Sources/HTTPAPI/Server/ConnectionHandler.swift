internal import Authentication
internal import Logging
internal import NIOCore
internal import NIOHTTP1

/// One connection of HTTP/1.1: one request at a time from its first octet to the last of its answer, each with a
/// deadline.
///
/// Of further octets one buffer at most is read while a request is answered, so that neither pipelining nor a slow directory
/// fills memory; a body beyond its limit is refused and at most `ConnectionPhase.lingerOctets` of the rest are read, which is
/// what a client needs to see the refusal and not a reset (RFC 9112 §9.6). It lives on its event loop and is touched by no
/// other thread.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = Never
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Item {
        case part(HTTPServerRequestPart)
        case fault(ConnectionFault)
        /// A request whose method the decoder does not know; nothing more of it can be read.
        case unknownMethod(HTTPRequestHead)
    }

    private static let lingerTime = Duration.seconds(2)

    private let server: ServerCore
    private let id: ConnectionRegistry.ID
    private let isSecure: Bool
    private let endPoint: [UInt8]?
    private var context: ChannelHandlerContext?
    private var peer: Peer

    private var phase: ConnectionPhase
    private var queue = CircularBuffer<Item>(initialCapacity: 4)
    private var assembler: RequestAssembler
    private var unknownMethod: HTTPRequestHead?
    private var wantsRead = false
    /// Octets behind the request that is answered have been read; nothing more is until they are taken.
    private var isAhead = false
    private var isInputClosed = false
    private var isQuiescing = false

    // Of the request being answered.
    private var work: Task<Void, Never>?
    private var answerNumber: UInt64 = 0
    private var omitsBody = false
    private var persistence = OutgoingResponse.Persistence.persistent
    private var lingered = 0

    private var timer: DeadlineTimer?
    private var executor: LoopExecutor?

    init(server: ServerCore, id: ConnectionRegistry.ID, isSecure: Bool, endPoint: [UInt8]? = nil) {
        self.server = server
        self.id = id
        self.isSecure = isSecure
        self.endPoint = endPoint
        peer = Peer(address: nil, isSecure: isSecure, endPoint: endPoint)
        phase = isSecure ? .securing : .idle
        assembler = RequestAssembler(maxBody: server.limits.maxBody)
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        executor = server.executor(of: context.eventLoop)
        timer = DeadlineTimer(eventLoop: context.eventLoop) { self.expired() }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        timer = nil
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        isQuiescing = server.registry.isQuiescing
        peer = Peer(
            address: context.remoteAddress?.ipAddress.flatMap { IPAddress($0) },
            isSecure: isSecure,
            endPoint: endPoint
        )
        // A request may already have begun: then its own, stricter deadline stands.
        if phase == .securing { timer?.expire(in: server.limits.handshakeTimeout) }
        if phase == .idle { timer?.expire(in: isQuiescing ? server.limits.lastCall : server.limits.idleTimeout) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
    }

    /// What is being answered is finished all the same: what a login began (a bind, a session) ends in order.
    private func end() {
        phase = .closed
        queue.removeAll()
        timer?.cancel()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ConnectionSecured where phase == .securing:
            phase = .idle
            timer?.expire(in: isQuiescing ? server.limits.lastCall : server.limits.idleTimeout)
        case is ChannelShouldQuiesceEvent:
            quiesce(context)
        case ChannelEvent.inputClosed:
            inputClosed()
        default:
            break
        }
    }

    /// A request under way is answered. A connection that waits between two requests ends: its client knows that this may
    /// happen (RFC 9112 §9.5). A new one gets a moment for its first request, which may be on its way already.
    private func quiesce(_ context: ChannelHandlerContext) {
        isQuiescing = true
        guard phase == .idle || phase == .securing else { return }
        if answerNumber == 0 { timer?.expire(in: server.limits.lastCall) } else { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? HTTPParserError {
        case .invalidEOFState?:
            inputClosed()
        case .invalidMethod? where unknownMethod != nil:
            if let head = unknownMethod { queue.append(.unknownMethod(head)) }
            proceed()
        case let error?:
            queue.append(.fault(error == .headerOverflow ? .headersTooLarge : .malformed))
            proceed()
        case nil:
            server.logger.debug("connection failed", metadata: ["error": "\(error)"])
            context.close(promise: nil)
        }
    }

    /// A client may send its request and close its sending side; it still wants the answer.
    private func inputClosed() {
        isInputClosed = true
        if phase != .answering, phase != .writing { context?.close(promise: nil) }
    }

    // MARK: Reading

    /// Octets have come in, before they are decoded: a request begins with its first octet, not with its last header.
    func received(_ octets: ByteBuffer) {
        switch phase {
        case .idle:
            unknownMethod = RequestLine.unknownMethod(in: octets)
            phase = .receiving
            timer?.expire(in: server.limits.requestTimeout)
        case .answering, .writing:
            if !isAhead { unknownMethod = RequestLine.unknownMethod(in: octets) }
            isAhead = true
        case .lingering:
            lingered += octets.readableBytes
        default:
            break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .lingering, phase != .closed else { return }
        queue.append(.part(Self.unwrapInboundIn(data)))
        proceed()
    }

    func read(context: ChannelHandlerContext) {
        if phase.mayRead(lingered: lingered, isAhead: isAhead) { context.read() } else { wantsRead = true }
    }

    private func proceed() {
        while phase == .idle || phase == .receiving, let item = queue.popFirst() {
            switch item {
            case .part(let part): take(part)
            case .fault(let fault): refuse(fault)
            case .unknownMethod(let head):
                answer(IncomingRequest(head: head, body: ByteBuffer(), isBodyTooLarge: false, peer: peer))
            }
        }
        isAhead = !queue.isEmpty
        guard phase == .idle || phase == .receiving || phase == .lingering else { return }
        // Whoever has closed the sending side has everything, and what is not whole by now never will be.
        guard phase == .lingering || !isInputClosed else {
            context?.close(promise: nil)
            return
        }
        guard wantsRead else { return }
        wantsRead = false
        context?.read()
    }

    private func take(_ part: HTTPServerRequestPart) {
        if phase == .idle {
            phase = .receiving
            timer?.expire(in: server.limits.requestTimeout)
        }
        switch assembler.take(part) {
        case .nothing:
            break
        case .continueExpected:
            guard let context else { return }
            let line = context.channel.allocator.buffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
            context.writeAndFlush(Self.wrapOutboundOut(line), promise: nil)
        case .request(let head, let body):
            answer(IncomingRequest(head: head, body: body, isBodyTooLarge: false, peer: peer))
        case .tooLarge(let head):
            answer(IncomingRequest(head: head, body: ByteBuffer(), isBodyTooLarge: true, peer: peer))
        case .malformed:
            refuse(.malformed)
        }
    }

    // MARK: Answering

    private func answer(_ request: IncomingRequest) {
        guard let context else { return }
        phase = .answering
        answerNumber &+= 1
        omitsBody = request.head.method == .HEAD
        persistence = OutgoingResponse.Persistence(after: request)
        let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
        let work = Task(executorPreference: executor) { [server, id, answerNumber] in
            let response = await server.responder.respond(to: request)
            handler.eventLoop.execute {
                server.registry.ended(for: id)
                handler.value.answered(response, number: answerNumber)
            }
        }
        self.work = work
        server.registry.began(work, for: id)
    }

    private func answered(_ response: OutgoingResponse, number: UInt64) {
        guard number == answerNumber, phase == .answering else { return }
        work = nil
        write(response)
    }

    private func refuse(_ fault: ConnectionFault) {
        answerNumber &+= 1
        omitsBody = false
        persistence = .close
        write(server.responder.respond(to: fault, from: peer))
    }

    private func write(_ response: OutgoingResponse) {
        guard let context else { return }
        if response.closesConnection || isQuiescing || isInputClosed && queue.isEmpty { persistence = .close }
        phase = .writing
        let buffer = response.serialized(
            allocator: context.channel.allocator,
            persistence: persistence,
            omitsBody: omitsBody,
            date: server.dateNow()
        )
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success: self.written()
            case .failure: self.context?.close(promise: nil)
            }
        }
        context.writeAndFlush(Self.wrapOutboundOut(buffer), promise: promise)
    }

    /// The next request is not begun before this answer has left, so that a client that never reads cannot make us
    /// collect answers.
    private func written() {
        guard phase == .writing else { return }
        if persistence == .close {
            linger()
        } else {
            // Octets that have come meanwhile and are no request yet are the beginning of one.
            let hasBegun = isAhead && queue.isEmpty
            phase = hasBegun ? .receiving : .idle
            timer?.expire(in: hasBegun ? server.limits.requestTimeout : server.limits.idleTimeout)
            proceed()
        }
    }

    /// Closing a socket that holds unread octets resets it, and the client might lose the answer: the sending side is
    /// closed first, and what the client still sends is read for a while.
    private func linger() {
        guard let context else { return }
        phase = .lingering
        queue.removeAll()
        timer?.expire(in: Self.lingerTime)
        if isInputClosed || isSecure {
            context.close(promise: nil)
        } else {
            context.close(mode: .output, promise: nil)
            proceed()
        }
    }

    // MARK: Deadlines

    private func expired() {
        switch phase {
        case .receiving:
            refuse(.receiveTimeout)
            timer?.expire(in: Self.lingerTime)
        case .answering:
            work?.cancel()
            refuse(.answerTimeout)
            timer?.expire(in: Self.lingerTime)
        case .closed:
            break
        default:
            context?.close(promise: nil)
        }
    }
}
