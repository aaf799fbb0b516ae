import CPostgres

extension PostgresHandle {
    static func read(_ result: OpaquePointer) -> PostgresResult {
        let columns = unsafe PQnfields(result)
        let types = (0..<columns).map { unsafe PQftype(result, $0) }
        var rows: [[PostgresValue]] = []
        let count = unsafe PQntuples(result)
        rows.reserveCapacity(Int(count))
        for row in 0..<count {
            var values: [PostgresValue] = []
            values.reserveCapacity(Int(columns))
            for column in 0..<columns { unsafe values.append(value(result, row, column, types[Int(column)])) }
            rows.append(values)
        }
        return PostgresResult(rows: rows, tag: unsafe String(cString: PQcmdStatus(result)))
    }

    private static func value(
        _ result: OpaquePointer,
        _ row: Int32,
        _ column: Int32,
        _ type: UInt32
    ) -> PostgresValue {
        guard unsafe PQgetisnull(result, row, column) == 0, let text = unsafe PQgetvalue(result, row, column) else {
            return .null
        }
        let length = Int(unsafe PQgetlength(result, row, column))
        let bytes = unsafe UnsafeRawBufferPointer(start: text, count: length)
        switch type {
        case PostgresType.int8, PostgresType.int4, PostgresType.int2:
            let digits = unsafe String(decoding: bytes, as: UTF8.self)
            return Int64(digits).map(PostgresValue.int8) ?? .text(digits)
        case PostgresType.bool: return unsafe .bool(bytes.first == UInt8(ascii: "t"))
        case PostgresType.bytea: return unsafe .bytes(binary(bytes))
        default: return unsafe .text(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// Both forms of bytea_output (PostgreSQL manual, 8.4).
    private static func binary(_ text: UnsafeRawBufferPointer) -> [UInt8] {
        var length = 0
        guard let base = text.baseAddress,
            let raw = unsafe PQunescapeBytea(base.assumingMemoryBound(to: UInt8.self), &length)
        else { return [] }
        defer { unsafe PQfreemem(raw) }
        return unsafe Array(UnsafeBufferPointer(start: raw, count: length))
    }

    /// What the server says of a failure: the primary message names objects, but in class 22 (data exception) it quotes the
    /// value; the detail quotes keys and is never read.
    static func error(_ result: OpaquePointer) -> PostgresError {
        guard let state = unsafe cpostgres_sqlstate(result).map({ unsafe String(cString: $0) }) else {
            let text = unsafe line(String(cString: PQresultErrorMessage(result)))
            return PostgresError(.connectionLost, text, requestWasWritten: true)
        }
        let primary = unsafe cpostgres_message(result).map { unsafe line(String(cString: $0)) } ?? "no reason given"
        let message = state.hasPrefix("22") ? "a value does not fit its column or function" : primary
        return PostgresError(
            .server,
            "PostgreSQL: \(message) (\(state))",
            sqlState: state,
            constraint: unsafe cpostgres_constraint(result).map { unsafe String(cString: $0) },
            requestWasWritten: true
        )
    }
}
