/// Writes compact JSON (RFC 8259): members in the order they are given, no blanks, only what must be escaped is.
public struct JSONWriter: Sendable {
    /// What has been written, UTF-8 without a BOM.
    public private(set) var octets: [UInt8] = []
    private var needsComma = false

    /// A writer with nothing written.
    public init() {
        // What glibc keeps for each thread ends at a thousand octets; most answers are shorter.
        octets.reserveCapacity(960)
    }

    /// The octets of one body.
    static func octets(of body: some JSONBody) -> [UInt8] {
        var writer = JSONWriter()
        body.write(to: &writer)
        return writer.octets
    }

    /// Writes `{…}`.
    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        separate()
        octets.append(UInt8(ascii: "{"))
        needsComma = false
        members(&self)
        octets.append(UInt8(ascii: "}"))
        needsComma = true
    }

    /// Writes `[…]`, calling `write` for each element.
    public mutating func array<Elements: Sequence>(
        _ elements: Elements,
        _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        separate()
        octets.append(UInt8(ascii: "["))
        needsComma = false
        for element in elements {
            write(&self, element)
        }
        octets.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes a member whose value `write` writes.
    public mutating func member(_ name: String, _ write: (inout JSONWriter) -> Void) {
        string(name)
        octets.append(UInt8(ascii: ":"))
        needsComma = false
        write(&self)
    }

    /// Writes a member that is a string or null.
    public mutating func member(_ name: String, _ value: String?) {
        member(name) { json in
            if let value {
                json.string(value)
            } else {
                json.literal("null")
            }
        }
    }

    /// Writes a member that is a string, or leaves it out.
    mutating func member(_ name: String, unlessNil value: String?) {
        if let value { member(name, value) }
    }

    /// Writes a member that is a number, or leaves it out.
    mutating func member(_ name: String, unlessNil value: Int64?) {
        if let value { member(name, value) }
    }

    /// Writes a member that is an array of strings.
    mutating func member(_ name: String, _ values: [String]) {
        member(name) { json in json.array(values) { $0.string($1) } }
    }

    /// Writes a member that is a number.
    public mutating func member(_ name: String, _ value: some BinaryInteger) {
        member(name) { $0.number(value) }
    }

    /// Writes a member that is true or false.
    public mutating func member(_ name: String, _ value: Bool) {
        member(name) { $0.literal(value ? "true" : "false") }
    }

    /// Writes a number.
    public mutating func number(_ value: some BinaryInteger) {
        separate()
        octets.append(decimal: value)
        needsComma = true
    }

    /// Writes a string.
    public mutating func string(_ value: String) {
        separate()
        octets.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { text in
            // To the end in any case, so that the compiler may look at many octets at once.
            var marks: UInt8 = 0
            for index in text.indices { marks |= unsafe Self.mark(text[index]) }
            // Most texts need no escape, and are copied in one go.
            guard marks != 0 else {
                unsafe octets.append(contentsOf: text)
                return
            }
            for index in text.indices {
                let octet = unsafe text[index]
                if Self.mark(octet) != 0 { escape(octet) } else { octets.append(octet) }
            }
        }
        octets.append(UInt8(ascii: "\""))
        needsComma = true
    }

    private mutating func literal(_ text: String) {
        separate()
        octets.append(text: text)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma {
            octets.append(UInt8(ascii: ","))
        }
    }

    /// 1 for what must be escaped (RFC 8259 §7), 0 for everything else.
    private static func mark(_ octet: UInt8) -> UInt8 {
        (octet < 0x20 ? 1 : 0) | (octet == UInt8(ascii: "\"") ? 1 : 0) | (octet == UInt8(ascii: "\\") ? 1 : 0)
    }

    private mutating func escape(_ octet: UInt8) {
        octets.append(UInt8(ascii: "\\"))
        switch octet {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): octets.append(octet)
        case 0x08: octets.append(UInt8(ascii: "b"))
        case 0x09: octets.append(UInt8(ascii: "t"))
        case 0x0A: octets.append(UInt8(ascii: "n"))
        case 0x0C: octets.append(UInt8(ascii: "f"))
        case 0x0D: octets.append(UInt8(ascii: "r"))
        default:
            octets.append(contentsOf: "u00".utf8)
            octets.append(Hexadecimal.digit(octet >> 4))
            octets.append(Hexadecimal.digit(octet & 0xF))
        }
    }
}
