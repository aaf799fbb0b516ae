/// A value bound to, or read from, SQL: the four kinds both databases keep alike.
///
/// Truth values are 0 and 1, moments are milliseconds, UUIDs are lower-case text, lists are JSON text.
enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case text(String)
    case bytes([UInt8])

    static func integer(_ value: Int32) -> SQLValue { .integer(Int64(value)) }

    static func integer(_ value: Int) -> SQLValue { .integer(Int64(value)) }

    static func truth(_ value: Bool) -> SQLValue { .integer(value ? 1 : 0) }

    static func optional(_ text: String?) -> SQLValue { text.map(SQLValue.text) ?? .null }

    static func optional(_ number: Int32?) -> SQLValue { number.map { .integer(Int64($0)) } ?? .null }
}
