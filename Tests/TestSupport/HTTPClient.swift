// API: let client = HTTPClient(port: daemon.port); client.post("/token", "grant_type=password&…") -> (status, body)?
//      await onThread { … }
//
// One kept connection, for tests that send thousands of requests; it blocks, so it is used on a thread of its own.

import Glibc
import Synchronization

/// A blocking HTTP/1.1 client with one connection to loopback.
public final class HTTPClient {
    private let port: Int
    private let patience: Int
    private var socket: Int32?

    /// Connects when it is first used; a request without an answer after `patience` seconds is given up.
    public init(port: Int, patience: Int = 30) {
        self.port = port
        self.patience = patience
    }

    deinit { disconnect() }

    /// Posts a form; nil when there was no answer.
    public func post(_ path: String, _ form: String) -> (status: Int, body: String)? {
        request("POST", path, ["Content-Type: application/x-www-form-urlencoded"], form)
    }

    /// Asks with a Bearer token; nil when there was no answer.
    public func get(_ path: String, token: String) -> (status: Int, body: String)? {
        request("GET", path, ["Authorization: Bearer \(token)"])
    }

    /// Sends a request with these header lines; nil when there was no answer.
    public func request(
        _ method: String,
        _ path: String,
        _ headers: [String] = [],
        _ form: String = ""
    ) -> (status: Int, body: String)? {
        headers.forEach(KnownSecrets.shared.note(header:))
        KnownSecrets.shared.note(form: form)
        let lines = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1", "Content-Length: \(form.utf8.count)"] + headers
        let head = lines.joined(separator: "\r\n") + "\r\n\r\n"
        let wasKept = socket != nil
        if let answer = exchange(head + form) { return answer }
        // A connection kept open may have been closed meanwhile.
        return wasKept ? exchange(head + form) : nil
    }

    private func disconnect() {
        if let socket { close(socket) }
        socket = nil
    }

    private func exchange(_ request: String) -> (status: Int, body: String)? {
        if socket == nil { socket = connectLoopback(port: port, seconds: patience) }
        guard let socket else { return nil }
        guard let answer = write(Array(request.utf8), to: socket) ? read(socket) : nil else {
            disconnect()
            return nil
        }
        return answer
    }

    private func write(_ bytes: [UInt8], to socket: Int32) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            // A process that was stopped and goes on (signal(7), “Interruption of system calls … by stop signals”).
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private func read(_ socket: Int32) -> (status: Int, body: String)? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            bytes += buffer.prefix(count)
            guard let end = Self.endOfHead(bytes) else { continue }
            let head = String(decoding: bytes[..<end], as: UTF8.self).lowercased()
            let lines = head.split(separator: "\r\n")
            let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            let named = lines.first { $0.hasPrefix("content-length:") }.flatMap {
                Int($0.dropFirst(15).filter { $0 != " " })
            }
            // An answer that has no body need not say so (RFC 9110 §8.6).
            guard let length = status == 204 ? 0 : named else { return nil }
            if bytes.count < end + length { continue }
            let body = String(decoding: bytes[end..<(end + length)], as: UTF8.self)
            if lines.contains(where: { $0.hasPrefix("connection:") && $0.contains("close") }) { disconnect() }
            return (status, body)
        }
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for index in 0...(bytes.count - 4)
        where bytes[index] == 13 && bytes[index + 1] == 10 && bytes[index + 2] == 13 && bytes[index + 3] == 10 {
            return index + 4
        }
        return nil
    }
}

/// Runs what blocks on a thread of its own, and waits for it.
public func onThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        startThread { continuation.resume(returning: body()) }
    }
}
