/// One member of an object: its name and value as UTF-8, escapes resolved.
struct JSONMember: Sendable {
    let name: ArraySlice<UInt8>
    let value: JSONValue
}

/// A value as far as a flat object needs it; the insides of nested ones are checked and dropped.
enum JSONValue: Sendable {
    case null
    case boolean(Bool)
    /// The text of the number, so that `4` and `4.0` stay two things.
    case number(ArraySlice<UInt8>)
    case string(ArraySlice<UInt8>)
    case array
    case object
}
