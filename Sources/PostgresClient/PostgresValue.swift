/// A value bound to, or read from, SQL.
///
/// Values are sent in PostgreSQL's binary format with their type named; a null takes its type from its place in the
/// statement, and where that tells none (`$1 IS NULL`) the statement must: `$1::text IS NULL`. Columns of other types are
/// read as the text that PostgreSQL writes for them.
public enum PostgresValue: Sendable, Hashable {
    /// SQL's NULL.
    case null
    /// `boolean`
    case bool(Bool)
    /// `integer`; int2 and int4 columns are read as `int8`.
    case int4(Int32)
    /// `bigint`
    case int8(Int64)
    /// `text`, and every type that has no case of its own. Must not contain NUL.
    case text(String)
    /// `bytea`
    case bytes([UInt8])

    /// The object id of the type (pg_type.dat); 0 leaves it to the server.
    var type: UInt32 {
        switch self {
        case .null: 0
        case .bool: PostgresType.bool
        case .int4: PostgresType.int4
        case .int8: PostgresType.int8
        case .text: PostgresType.text
        case .bytes: PostgresType.bytea
        }
    }

    /// Appends the binary form; nothing for null.
    func append(to buffer: inout [UInt8]) {
        switch self {
        case .null: break
        case .bool(let value): buffer.append(value ? 1 : 0)
        case .int4(let value): unsafe withUnsafeBytes(of: value.bigEndian) { unsafe buffer.append(contentsOf: $0) }
        case .int8(let value): unsafe withUnsafeBytes(of: value.bigEndian) { unsafe buffer.append(contentsOf: $0) }
        case .text(let value): buffer.append(contentsOf: value.utf8)
        case .bytes(let value): buffer.append(contentsOf: value)
        }
    }
}

/// Object ids of the types this client knows (pg_type.dat).
enum PostgresType {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
}
