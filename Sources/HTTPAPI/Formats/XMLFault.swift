/// Why a text is not the XML wanted; it names a place, never what stands there.
struct XMLFault: Error, Sendable, Hashable {
    /// The kinds of faults.
    enum Code: Sendable, Hashable {
        case encoding
        case root
        case doctype
        case processingInstruction
        case text
        case nested
        case nilValue
        case depth
        /// What expat says (`XML_ErrorString`), one of its constants.
        case malformed(String)
    }

    let code: Code
    /// The octet of the text as UTF-8.
    let offset: Int

    /// A few words for the caller.
    var reason: String {
        switch code {
        case .encoding: "the text is not valid in its encoding"
        case .root: "another root element, or another namespace, was expected"
        case .doctype: "a document type declaration is not allowed"
        case .processingInstruction: "a processing instruction is not allowed"
        case .text: "text between the elements"
        case .nested: "an element inside a value"
        case .nilValue: "nil is neither true nor false"
        case .depth: "nested too deep"
        case .malformed(let text): text
        }
    }
}
