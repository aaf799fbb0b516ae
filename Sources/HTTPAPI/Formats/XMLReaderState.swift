internal import CExpat

/// What `XMLReader`'s handlers know between two calls of expat.
@safe final class XMLReaderState {
    /// Whose handlers they are; it outlives this object's use.
    let parser: XML_Parser
    /// Set by a handler to end the reading.
    var fault: XMLFault.Code?
    /// As `XMLReader.read` returns them.
    private(set) var values: [XMLReader.Value?]

    private let reader: XMLReader
    private let charset: TextEncoding
    private var depth = 0
    private var rootIsNil = false
    // The member whose value is being read.
    private var member: Int?
    private var text: [UInt8] = []
    private var memberIsNil = false

    @unsafe init(reader: XMLReader, charset: TextEncoding, parser: XML_Parser) {
        unsafe self.parser = parser
        self.reader = reader
        self.charset = charset
        values = Array(repeating: nil, count: reader.members.count)
    }

    /// The XML declaration.
    func declaration(encoding: String?) {
        if let encoding, TextEncoding(charset: encoding) != charset {
            fault = .encoding
        }
    }

    /// A start tag; names are expanded with a line feed.
    @unsafe func start(
        _ name: UnsafePointer<XML_Char>?,
        _ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?
    ) {
        depth += 1
        guard let name = unsafe name.map({ unsafe String(cString: $0) }) else {
            return
        }
        switch depth {
        case 1:
            guard Self.isSame(name, reader.root) else {
                fault = .root
                return
            }
            rootIsNil = unsafe isNil(attributes)
        case 2 where !rootIsNil:
            member = index(of: name)
            if member != nil {
                text = []
                memberIsNil = unsafe isNil(attributes)
            }
        case XMLReader.maximumDepth...:
            fault = .depth
        default:
            if member != nil {
                fault = .nested
            }
        }
    }

    /// An end tag.
    func end() {
        depth -= 1
        if depth == 1, let member {
            values[member] = memberIsNil ? .null : .text(text)
            text = []
            self.member = nil
        }
    }

    /// Characters, entities and CDATA resolved, line ends as XML 1.0 §2.11 wants them.
    @unsafe func characters(_ characters: UnsafeRawBufferPointer) {
        if member != nil {
            unsafe text.append(contentsOf: characters)
        } else if depth == 1, !rootIsNil, unsafe !characters.allSatisfy(ScalarText.isBlank) {
            fault = .text
        }
    }

    /// The member of that expanded name; nil for an unknown one, and for one that has been met before: the first wins.
    private func index(of name: String) -> Int? {
        let index = reader.members.firstIndex { Self.isSame(name, $0) }
        return index.flatMap { values[$0] == nil ? $0 : nil }
    }

    /// Exact equality with an ASCII text. Swift's strings are equal when canonically equivalent, too, but whatever is
    /// so to an ASCII character takes more than one octet (KELVIN SIGN and K).
    private static func isSame(_ name: String, _ expected: String) -> Bool {
        name.utf8.count == expected.utf8.count && name == expected
    }

    /// Whether the attributes say `i:nil`.
    @unsafe private func isNil(_ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) -> Bool {
        guard var attribute = unsafe attributes else {
            return false
        }
        while let name = unsafe attribute[0], let value = unsafe attribute[1] {
            if unsafe String(cString: name) == XMLWriter.instanceNamespace + "\nnil" {
                guard let isNil = ScalarText.xmlBoolean(Array(unsafe String(cString: value).utf8)[...]) else {
                    fault = .nilValue
                    return false
                }
                return isNil
            }
            unsafe attribute += 2
        }
        return false
    }
}
