/// Why a text is not the JSON wanted; it names a place, never what stands there.
struct JSONFault: Error, Sendable, Hashable {
    /// The kinds of faults.
    enum Code: String, Sendable, Hashable {
        case encoding = "the text is not valid in its encoding"
        case end = "unexpected end"
        case character = "unexpected character"
        case number = "malformed number"
        case escape = "malformed escape"
        case surrogate = "unpaired surrogate"
        case control = "unescaped control character"
        case depth = "nested too deep"
        case trailing = "something behind the value"
        case notObject = "not an object"
    }

    let code: Code
    /// The octet of the text as UTF-8.
    let offset: Int
}
