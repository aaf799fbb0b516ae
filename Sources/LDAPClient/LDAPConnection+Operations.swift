import EventPoller
import Glibc

extension LDAPConnection {
    // MARK: bind

    /// A simple bind (RFC 4513 §5.1.3), whatever its result; nothing else may be in flight (RFC 4511 §4.2.1).
    ///
    /// The connection is looked at before the request is written: one found dead throws with `requestWasWritten` false.
    func simpleBind(
        dn: String,
        password: some LDAPCredential,
        controls: [LDAPControl],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse {
        try Self.check(dn, "DN")
        guard unsafe password.withUnsafeBytes({ unsafe !$0.isEmpty }) else {
            // RFC 4513 §5.1.2: it would "succeed" without proving anything.
            throw LDAPError(.invalidArgument, "an empty password proves nothing and is not sent")
        }
        return try await bind(deadline) { $0.sendSimpleBind(dn: dn, password: password, controls: controls) }
    }

    /// SASL EXTERNAL: who the client certificate or the Unix socket says.
    func externalBind(deadline: ContinuousClock.Instant) async throws(LDAPError) -> BindResponse {
        try await bind(deadline) { $0.sendExternalBind() }
    }

    private func bind(
        _ deadline: ContinuousClock.Instant,
        write: @escaping (LDAPHandle) -> SendOutcome
    ) async throws(LDAPError) -> BindResponse {
        let reply = try await perform(.bind, deadline: deadline, write: write)
        return BindResponse(
            resultCode: reply.result.code,
            diagnosticMessage: reply.result.diagnosticMessage,
            controls: reply.result.controls,
            host: place
        )
    }

    // MARK: search

    /// All entries, page by page when the request asks for pages, with all their values.
    /// - Parameter maximumBytes: of memory for all entries together; `.responseTooLarge` beyond.
    func search(
        _ request: SearchRequest,
        deadline: ContinuousClock.Instant,
        maximumBytes: Int
    ) async throws(LDAPError) -> SearchResult {
        try Self.check(request.base, "base")
        for attribute in request.attributes { try Self.check(attribute, "attribute name") }
        guard request.pageSize != nil else {
            let reply = try await page(request, [], SearchResult(entries: []), maximumBytes, deadline)
            let room = maximumBytes - reply.entries.reduce(0) { $0 + $1.footprint }
            let answer = try result(of: reply, request, SearchResult(entries: [])).0
            return try await completingRanges(of: answer, request, room: room, deadline: deadline)
        }
        try await takePagingTurn(deadline)
        defer {
            paging.leave()
            closeIfRetired()
        }
        var collected = SearchResult(entries: [])
        var cookie: [UInt8] = []
        var room = maximumBytes
        repeat {
            let reply = try await page(request, cookie, collected, room, deadline)
            room -= reply.entries.reduce(0) { $0 + $1.footprint }
            (collected, cookie) = try result(of: reply, request, collected)
        } while !cookie.isEmpty
        return try await completingRanges(of: collected, request, room: room, deadline: deadline)
    }

    func page(
        _ request: SearchRequest,
        _ cookie: [UInt8],
        _ collected: SearchResult,
        _ room: Int,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> Reply {
        let wanted = request.sizeLimit > 0 ? Int(request.sizeLimit) - collected.entries.count : 0
        let limits = OperationTable<Caller>.SearchLimits(entries: wanted, bytes: max(0, room))
        let seconds = Int((deadline - .now).components.seconds) + 1
        return try await perform(.search, limits: limits, deadline: deadline) {
            $0.sendSearch(request, cookie: cookie, seconds: seconds)
        }
    }

    /// Adds a page to what is there; the cookie is empty when there are no more.
    func result(
        of reply: Reply,
        _ request: SearchRequest,
        _ before: SearchResult
    ) throws(LDAPError) -> (SearchResult, cookie: [UInt8]) {
        var result = before
        result.entries += reply.entries
        result.droppedReferences += reply.references
        let isLimit = reply.result.code == .sizeLimitExceeded && request.sizeLimit > 0
        guard reply.result.code == .success || isLimit else {
            throw LDAPError(
                .result,
                "\(place): search ended with \(reply.result.code) (\(LDAPHandle.text(of: reply.result.code.rawValue)))"
                    + (reply.result.diagnosticMessage.isEmpty ? "" : ": \(reply.result.diagnosticMessage)"),
                resultCode: reply.result.code,
                requestWasWritten: true
            )
        }
        result.isTruncated = isLimit || reply.isCut
        guard !result.isTruncated, request.pageSize != nil, LDAPHandle.isPage(reply.result) else { return (result, []) }
        // Closed behind this answer, it cannot be asked for the rest, if there is any.
        guard let handle else { throw loss ?? gone("closed between two pages") }
        guard let cookie = handle.pagingCookie(in: reply.result) else {
            let why = "\(place): the server's paged results control is malformed"
            throw LDAPError(.result, why, requestWasWritten: true)
        }
        // The limit is for the whole search, however a server counts it.
        if request.sizeLimit > 0, result.entries.count >= Int(request.sizeLimit), !cookie.isEmpty {
            result.isTruncated = true
            return (result, [])
        }
        return (result, cookie)
    }

    private func takePagingTurn(_ deadline: ContinuousClock.Instant) async throws(LDAPError) {
        // It may be taken from the pool a moment later than nobody answered.
        let silent = gone("no answer in time")
        if isSuspect { throw silent }
        if paging.enter() { return }
        let id = paging.nextID()
        let timeout = LDAPError(.timeout, "\(place): no turn to page in time")
        let timer = poller.schedule(at: deadline) { [weak self] in
            self?.assumeIsolated { $0.paging.giveUp(id, timeout) }
        }
        defer { poller.cancel(timer) }
        let cancelled = LDAPError(.cancelled, "\(place): cancelled")
        let outcome: Result<Void, LDAPError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // What has happened before it waited is told to nobody.
                if let loss { return continuation.resume(returning: .failure(loss)) }
                if isSuspect { return continuation.resume(returning: .failure(silent)) }
                if Task.isCancelled { return continuation.resume(returning: .failure(cancelled)) }
                if deadline <= .now { return continuation.resume(returning: .failure(timeout)) }
                paging.wait(id, continuation)
            }
        } onCancel: {
            poller.perform { [weak self] in self?.assumeIsolated { $0.paging.giveUp(id, cancelled) } }
        }
        try outcome.get()
    }

    // MARK: changes

    /// A change, whatever its result; it is never written twice.
    func change(
        _ change: LDAPChange,
        controls: [LDAPControl],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> ChangeResponse {
        let kind: OperationKind
        switch change {
        case .password: kind = .extended
        case .modify(let dn, let modifications):
            try Self.check(dn, "DN")
            for modification in modifications { try Self.check(modification.attribute, "attribute name") }
            kind = .modify
        }
        let reply = try await perform(kind, deadline: deadline) { $0.send(change, controls: controls) }
        return ChangeResponse(
            resultCode: reply.result.code,
            diagnosticMessage: reply.result.diagnosticMessage,
            controls: reply.result.controls,
            host: place
        )
    }

    // MARK: TLS

    /// Asks the server to go on in TLS; the handshake comes next.
    func startTLS(deadline: ContinuousClock.Instant) async throws(LDAPError) {
        let reply = try await perform(.extended, deadline: deadline) { $0.sendStartTLS() }
        guard reply.result.code == .success else {
            throw LDAPError(
                .tls,
                "\(place): the server refuses StartTLS: \(LDAPHandle.text(of: reply.result.code.rawValue)) "
                    + reply.result.diagnosticMessage,
                resultCode: reply.result.code
            )
        }
    }

    /// Shakes hands on a thread of the pool. Neither libldap nor GnuTLS knows a deadline there: when it passes, the
    /// duplicate of the socket is shut down, and the thread comes back with an error.
    /// - Returns: until when the peer's certificate is valid, in seconds since 1970.
    /// - Throws: `.tls` with what libldap says, which on GnuTLS is little; `.overloaded` when the pool is full.
    @discardableResult
    func shakeHands(on pool: BlockingPool, deadline: ContinuousClock.Instant) async throws(LDAPError) -> Int64? {
        stopWatching()
        guard let handle, let descriptor = handle.descriptor else { throw loss ?? gone("closed") }
        Self.setBlocking(descriptor, true)
        handshakeSocket = Self.duplicate(descriptor)
        defer { handshakeSocket = nil }
        let failure: String?
        let notAfter: Int64?
        do throws(BlockingPool.GivenUp) {
            (failure, notAfter) = try await pool.run(until: deadline, on: poller) {
                if let failure = handle.installTLS() { return (failure, nil) }
                return (nil, handle.peerCertificate.flatMap(PeerCertificate.notAfter(ofDER:)))
            }
        } catch {
            handshakeSocket?.shutDown()
            self.handle = nil
            switch error.reason {
            case .full: throw LDAPError(.overloaded, "\(place): too many handshakes are on their way")
            case .deadline: throw LDAPError(.tls, "\(place): the server accepts but does not finish the TLS handshake")
            default: throw LDAPError(.cancelled, "\(place): cancelled while shaking hands")
            }
        }
        if let failure {
            var error = LDAPError(.tls, "\(place): TLS handshake failed: \(failure)")
            error.isHandshakeFailure = true
            throw error
        }
        if let loss { throw loss }
        Self.setBlocking(descriptor, false)
        return notAfter
    }

    private static func duplicate(_ descriptor: Int32) -> OpenDescriptor? {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        return copy >= 0 ? OpenDescriptor(copy) : nil
    }

    private static func setBlocking(_ descriptor: Int32, _ blocks: Bool) {
        let flags = fcntl(descriptor, F_GETFL)
        _ = fcntl(descriptor, F_SETFL, blocks ? flags & ~O_NONBLOCK : flags | O_NONBLOCK)
    }

    /// Why nothing is sent.
    func refusal(of kind: OperationKind, _ deadline: ContinuousClock.Instant) -> LDAPError? {
        // Looked at once more: a bind that is written to a connection that has ended may not be written again elsewhere.
        if kind == .bind { look() }
        if let loss { return loss.with(requestWasWritten: false) }
        // Nothing is sent that nobody can wait for: a bind would count, and cost its connection.
        if deadline <= .now { return LDAPError(.timeout, "\(place): no time is left") }
        if Task.isCancelled { return LDAPError(.cancelled, "\(place): cancelled") }
        guard kind != .bind || inFlight == 0 else {
            return LDAPError(.invalidArgument, "\(place): a bind while other requests are in flight")
        }
        guard inFlight < Self.operationLimit else {
            return LDAPError(.overloaded, "\(place): \(inFlight) requests are in flight")
        }
        return nil
    }

    /// C strings end at a zero: what follows would silently be left out.
    private static func check(_ text: String, _ what: String) throws(LDAPError) {
        if text.utf8.contains(0) { throw LDAPError(.invalidArgument, "a zero octet in a \(what)") }
    }
}

extension LDAPError {
    /// The same failure for another request.
    func with(requestWasWritten: Bool) -> LDAPError {
        LDAPError(code, message, resultCode: resultCode, requestWasWritten: requestWasWritten)
    }
}
