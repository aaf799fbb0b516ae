/// Reads one flat JSON object member by member, strictly by RFC 8259.
///
/// Foundation's decoder takes 4.0 for the integer 4 and hides a number's text and duplicate names, all of which the
/// binding rules must see. Work and memory are linear in the length of the text; nesting deeper than 32 is refused.
struct JSONReader {
    static let maximumDepth = 32

    private let octets: [UInt8]
    private var index = 0
    private var isFirst = true
    private var depth = 0

    /// A reader of `body`: UTF-8, or UTF-16 when a BOM or else `charset` says so.
    init(_ body: [UInt8], charset: TextEncoding = .utf8) throws(JSONFault) {
        if body.starts(with: [0xEF, 0xBB, 0xBF]) {
            index = 3
        }
        let isUTF16 = body.starts(with: [0xFF, 0xFE]) || body.starts(with: [0xFE, 0xFF])
        if isUTF16 || charset == .utf16 && index == 0 {
            guard let text = TextEncoding.utf8(fromUTF16: body) else {
                throw JSONFault(code: .encoding, offset: 0)
            }
            octets = text
        } else {
            octets = body
            do {
                _ = try UTF8Span(validating: octets.span)
            } catch {
                throw JSONFault(code: .encoding, offset: error.byteOffsets.lowerBound)
            }
        }
    }

    /// Goes into the object; false when the text is `null` or nothing but white space.
    mutating func beginObject() throws(JSONFault) -> Bool {
        skipBlanks()
        guard index < octets.count else {
            return false
        }
        if octets[index] == UInt8(ascii: "{") {
            index += 1
            depth = 1
            return true
        }
        guard case .null = try value() else {
            throw fault(.notObject)
        }
        try end()
        return false
    }

    /// The next member; nil behind the last one, once nothing but white space has been seen to follow the object.
    mutating func nextMember() throws(JSONFault) -> JSONMember? {
        guard let name = try nextName(isFirst: isFirst) else {
            try end()
            return nil
        }
        isFirst = false
        return JSONMember(name: name, value: try value())
    }

    /// The name of the next member of the object we are in, or nil behind its closing brace.
    private mutating func nextName(isFirst: Bool) throws(JSONFault) -> ArraySlice<UInt8>? {
        skipBlanks()
        if skip("}") {
            return nil
        }
        if !isFirst {
            try expect(",")
            skipBlanks()
        }
        try expect("\"")
        let name = try string()
        skipBlanks()
        try expect(":")
        return name
    }

    private mutating func value() throws(JSONFault) -> JSONValue {
        skipBlanks()
        guard index < octets.count else {
            throw fault(.end)
        }
        switch octets[index] {
        case UInt8(ascii: "\""):
            index += 1
            return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return .number(try number())
        case UInt8(ascii: "{"):
            try nested { reader throws(JSONFault) in try reader.skipObject() }
            return .object
        case UInt8(ascii: "["):
            try nested { reader throws(JSONFault) in try reader.skipArray() }
            return .array
        case UInt8(ascii: "t"):
            try word("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        default:
            throw fault(.character)
        }
    }

    private mutating func nested(_ body: (inout JSONReader) throws(JSONFault) -> Void) throws(JSONFault) {
        guard depth < Self.maximumDepth else {
            throw fault(.depth)
        }
        depth += 1
        index += 1
        try body(&self)
        depth -= 1
    }

    private mutating func skipObject() throws(JSONFault) {
        var isFirst = true
        while try nextName(isFirst: isFirst) != nil {
            isFirst = false
            _ = try value()
        }
    }

    private mutating func skipArray() throws(JSONFault) {
        skipBlanks()
        if skip("]") {
            return
        }
        repeat {
            _ = try value()
            skipBlanks()
            if skip("]") {
                return
            }
            try expect(",")
        } while true
    }

    /// The text of a number (RFC 8259 §6).
    private mutating func number() throws(JSONFault) -> ArraySlice<UInt8> {
        let start = index
        _ = skip("-")
        if !skip("0") {
            try digits()
        }
        if skip(".") {
            try digits()
        }
        if skip("e") || skip("E") {
            _ = skip("+") || skip("-")
            try digits()
        }
        return octets[start..<index]
    }

    private mutating func digits() throws(JSONFault) {
        let start = index
        while index < octets.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(octets[index]) {
            index += 1
        }
        if start == index {
            throw fault(.number)
        }
    }

    /// The text of a string whose opening quote is behind us.
    private mutating func string() throws(JSONFault) -> ArraySlice<UInt8> {
        let start = index
        while index < octets.count {
            switch octets[index] {
            case UInt8(ascii: "\""):
                index += 1
                return octets[start..<index - 1]
            case UInt8(ascii: "\\"):
                return try escapedString(from: start)
            case 0..<0x20:
                throw fault(.control)
            default:
                index += 1
            }
        }
        throw fault(.end)
    }

    private mutating func escapedString(from start: Int) throws(JSONFault) -> ArraySlice<UInt8> {
        var text = Array(octets[start..<index])
        while index < octets.count {
            let octet = octets[index]
            switch octet {
            case UInt8(ascii: "\""):
                index += 1
                return text[...]
            case UInt8(ascii: "\\"):
                index += 1
                try escape(into: &text)
            case 0..<0x20:
                throw fault(.control)
            default:
                text.append(octet)
                index += 1
            }
        }
        throw fault(.end)
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
        guard index < octets.count else {
            throw fault(.end)
        }
        let octet = octets[index]
        index += 1
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(octet)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): text.append(contentsOf: String(try escapedScalar()).utf8)
        default:
            index -= 1
            throw fault(.escape)
        }
    }

    /// The character of `\uXXXX`, or of two of them that are a surrogate pair. An unpaired surrogate, which RFC 8259
    /// §8.2 calls unpredictable, is refused: replaced, it would make two different passwords one.
    private mutating func escapedScalar() throws(JSONFault) -> Unicode.Scalar {
        let first = try hexadecimal()
        if let scalar = Unicode.Scalar(first) {
            return scalar
        }
        guard UTF16.isLeadSurrogate(first), skip("\\"), skip("u") else {
            throw fault(.surrogate)
        }
        let second = try hexadecimal()
        guard UTF16.isTrailSurrogate(second) else {
            throw fault(.surrogate)
        }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private mutating func hexadecimal() throws(JSONFault) -> UInt16 {
        guard index + 4 <= octets.count else {
            throw fault(.end)
        }
        var unit: UInt16 = 0
        for octet in octets[index..<index + 4] {
            guard let digit = Hexadecimal.value(octet) else {
                throw fault(.escape)
            }
            unit = unit << 4 | UInt16(digit)
        }
        index += 4
        return unit
    }

    private mutating func word(_ text: StaticString) throws(JSONFault) {
        for octet in text.description.utf8 {
            guard index < octets.count else {
                throw fault(.end)
            }
            guard octets[index] == octet else {
                throw fault(.character)
            }
            index += 1
        }
    }

    private func end() throws(JSONFault) {
        var reader = self
        reader.skipBlanks()
        if reader.index < octets.count {
            throw reader.fault(.trailing)
        }
    }

    private mutating func skipBlanks() {
        while index < octets.count, ScalarText.isBlank(octets[index]) {
            index += 1
        }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard index < octets.count, octets[index] == UInt8(truncatingIfNeeded: character.value) else {
            return false
        }
        index += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws(JSONFault) {
        guard skip(character) else {
            throw fault(index < octets.count ? .character : .end)
        }
    }

    private func fault(_ code: JSONFault.Code) -> JSONFault {
        JSONFault(code: code, offset: index)
    }
}
