import CPostgres
import Glibc

/// A connection of libpq; told to the server, closed and freed when it is released.
///
/// @unchecked Sendable: a handle is used by one thread at a time. It is connected on a thread of the blocking pool while
/// nobody else has it; then it belongs to the one `PostgresConnection` that keeps it, on the poller's thread.
@safe
final class PostgresHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
        unsafe cpostgres_ignore_notices(pointer)
    }

    deinit { unsafe PQfinish(pointer) }

    var descriptor: Int32 { unsafe PQsocket(pointer) }
    var usesTLS: Bool { unsafe PQsslInUse(pointer) != 0 }
    var isAlive: Bool { unsafe PQstatus(pointer) == CONNECTION_OK }
    /// True when PQgetResult would wait.
    var isBusy: Bool { unsafe PQisBusy(pointer) != 0 }

    /// True when the socket itself holds bytes, or its end.
    var hasBytesToRead: Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&item, 1, 0) > 0
    }

    /// What libpq says of the connection, on one line.
    var message: String { unsafe Self.line(String(cString: PQerrorMessage(pointer))) }

    /// From here on no call waits for the network, and requests are sent without waiting for answers.
    func startPipeline() -> Bool {
        unsafe PQsetErrorVerbosity(pointer, PQERRORS_DEFAULT)
        return unsafe PQsetnonblocking(pointer, 1) == 0 && PQenterPipelineMode(pointer) == 1
    }

    /// False when the connection is lost.
    func consume() -> Bool { unsafe PQconsumeInput(pointer) == 1 }

    /// 0 when all is sent, 1 when the socket is full, -1 when the connection is lost.
    func flush() -> Int32 { unsafe PQflush(pointer) }

    /// Ends a segment: an implicit transaction that was not begun explicitly is committed by the server here.
    func sync() -> Bool { unsafe PQpipelineSync(pointer) == 1 }

    func prepare(_ name: String, _ sql: String, _ types: [UInt32]) -> Bool {
        unsafe PQsendPrepare(pointer, name, sql, Int32(types.count), types) == 1
    }

    func send(_ sql: String) -> Bool {
        unsafe PQsendQueryParams(pointer, sql, 0, nil, nil, nil, nil, 0) == 1
    }

    func send(prepared name: String, _ values: [PostgresValue]) -> Bool {
        var buffer: [UInt8] = []
        var places: [Int?] = []
        var lengths: [Int32] = []
        for value in values {
            let start = buffer.count
            value.append(to: &buffer)
            places.append(value == .null ? nil : start)
            lengths.append(Int32(truncatingIfNeeded: buffer.count - start))
        }
        // An empty value at the end still needs an address: libpq takes a null pointer for NULL.
        buffer.append(0)
        let formats = [Int32](repeating: 1, count: values.count)
        return unsafe buffer.withUnsafeBytes { bytes in
            let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let pointers = unsafe places.map { place in unsafe place.flatMap { unsafe base?.advanced(by: $0) } }
            return unsafe PQsendQueryPrepared(pointer, name, Int32(values.count), pointers, lengths, formats, 0) == 1
        }
    }

    /// The next piece of an answer; nil ends the answer to one statement.
    func next() -> PostgresAnswer? {
        guard let result = unsafe PQgetResult(pointer) else { return nil }
        defer { unsafe PQclear(result) }
        switch unsafe PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC: return .sync
        case PGRES_PIPELINE_ABORTED: return .skipped
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: return unsafe .result(Self.read(result))
        default: return unsafe .failure(Self.error(result))
        }
    }

    /// A notification that has arrived (LISTEN).
    func notification() -> PostgresNotification? {
        guard let notify = unsafe PQnotifies(pointer) else { return nil }
        defer { unsafe PQfreemem(notify) }
        guard let channel = unsafe notify.pointee.relname, let payload = unsafe notify.pointee.extra else { return nil }
        return unsafe PostgresNotification(channel: String(cString: channel), payload: String(cString: payload))
    }

    /// What can ask the server to stop what this connection does (PQgetCancel); nil when the connection is gone.
    func canceller() -> PostgresCanceller? {
        unsafe PQgetCancel(pointer).map { unsafe PostgresCanceller($0) }
    }

    /// On one line, without the place in the server's source that a verbose message names.
    static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).map { $0.drop { $0.isWhitespace } }
            .filter { !$0.hasPrefix("LOCATION:") }.joined(separator: "; ")
    }
}

/// A piece of what the server answers.
enum PostgresAnswer {
    case result(PostgresResult)
    case failure(PostgresError)
    /// Not run, because an earlier statement of its segment failed.
    case skipped
    /// The end of a segment.
    case sync
}

/// Asks a server to stop a statement.
///
/// @unchecked Sendable: made for one thread to hand to another; PQcancel may be called from any thread (libpq, "Canceling
/// Queries in Progress"), and it is called once.
@safe
final class PostgresCanceller: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe PQfreeCancel(pointer) }

    /// Blocks while it connects.
    func cancel() {
        var message = [CChar](repeating: 0, count: 256)
        _ = unsafe PQcancel(pointer, &message, Int32(message.count))
    }
}
