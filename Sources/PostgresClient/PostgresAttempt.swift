import CPostgres
import Glibc

/// One attempt to connect to one address, with a deadline. Blocks.
enum PostgresAttempt {
    /// How often a waiting attempt looks whether anybody still wants it.
    private static let look: Duration = .milliseconds(100)

    static func connect(
        _ parameters: [String: String],
        _ place: String,
        until deadline: ContinuousClock.Instant,
        _ isWanted: () -> Bool
    ) -> Result<PostgresHandle, PostgresError> {
        guard let handle = start(parameters) else {
            return .failure(PostgresError(.connect, "PostgreSQL at \(place): out of memory"))
        }
        // With the SQLSTATE in the message: libpq has no other way to tell it before a connection stands.
        unsafe PQsetErrorVerbosity(handle.pointer, PQERRORS_VERBOSE)
        var status = PGRES_POLLING_WRITING
        guard unsafe PQstatus(handle.pointer) != CONNECTION_BAD else { return .failure(failure(handle, place)) }
        while true {
            let left = deadline - .now
            guard left > .zero, isWanted() else {
                return .failure(PostgresError(.connect, "PostgreSQL at \(place): no answer in time"))
            }
            if wait(handle.descriptor, status, min(left, look)) {
                status = unsafe PQconnectPoll(handle.pointer)
                if status == PGRES_POLLING_OK { return .success(handle) }
                if status == PGRES_POLLING_FAILED { return .failure(failure(handle, place)) }
            }
        }
    }

    private static func start(_ parameters: [String: String]) -> PostgresHandle? {
        let pairs = unsafe parameters.map { unsafe (strdup($0.key), strdup($0.value)) }
        defer {
            for unsafe(key, value) in unsafe pairs {
                unsafe free(key)
                // The password is among them.
                if let value = unsafe value { unsafe explicit_bzero(value, strlen(value)) }
                unsafe free(value)
            }
        }
        let keys = unsafe pairs.map { unsafe UnsafePointer<CChar>($0.0) } + [nil]
        let values = unsafe pairs.map { unsafe UnsafePointer<CChar>($0.1) } + [nil]
        return unsafe PQconnectStartParams(keys, values, 0).map { unsafe PostgresHandle($0) }
    }

    /// False when nothing happened within the time.
    private static func wait(_ descriptor: Int32, _ status: PostgresPollingStatusType, _ time: Duration) -> Bool {
        let events = Int16(status == PGRES_POLLING_READING ? POLLIN : POLLOUT)
        var item = pollfd(fd: descriptor, events: events, revents: 0)
        let milliseconds = (time / Duration.milliseconds(1)).rounded(.up)
        return unsafe poll(&item, 1, Int32(max(1, milliseconds))) > 0
    }

    private static func failure(_ handle: PostgresHandle, _ place: String) -> PostgresError {
        let text = handle.message
        let state = sqlState(in: text)
        let message = "PostgreSQL at \(place): \(text)"
        if let state {
            let refused = state.hasPrefix("28") || state.hasPrefix("3D") || state == "42501"
            return PostgresError(refused ? .authentication : .connect, message, sqlState: state)
        }
        if unsafe PQconnectionNeedsPassword(handle.pointer) != 0 { return PostgresError(.authentication, message) }
        let isTLS = text.contains("SSL") || text.contains("certificate")
        return PostgresError(isTLS ? .tls : .connect, message)
    }

    /// `FATAL:  28P01: …`, whatever the language of the first word.
    static func sqlState(in text: String) -> String? {
        for part in text.split(separator: ":") {
            let word = part.drop { $0 == " " }
            let isState =
                word.utf8.count == 5 && word.utf8.allSatisfy { (48...57).contains($0) || (65...90).contains($0) }
            if isState, word.utf8.contains(where: { (48...57).contains($0) }) { return String(word) }
        }
        return nil
    }
}
