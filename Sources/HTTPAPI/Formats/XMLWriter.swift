/// Writes XML as DataContractSerializer does over a .NET XmlWriter: one line, no declaration, an empty element as
/// `<name />`, null as `<name i:nil="true" />`. The caller gives the elements in ordinal order, because a DataContract
/// reader silently drops an element that comes too late.
public struct XMLWriter: Sendable {
    /// What every data contract's namespace begins with.
    public static let dataContractNamespace = "http://schemas.datacontract.org/2004/07/"
    /// The namespace of `nil`.
    public static let instanceNamespace = "http://www.w3.org/2001/XMLSchema-instance"

    /// What has been written, UTF-8 without a BOM.
    public private(set) var octets: [UInt8] = []

    /// A writer with nothing written.
    public init() {
        octets.reserveCapacity(2048)
    }

    /// Writes the root of a data contract, with both of its namespace declarations.
    public mutating func root(_ name: String, namespace: String, _ children: (inout XMLWriter) -> Void) {
        let declarations =
            " xmlns:i=\"\(Self.instanceNamespace)\" xmlns=\"\(Self.dataContractNamespace)\(namespace)\""
        element(name, attributes: declarations, children)
    }

    /// Writes an element with children; `attributes` is written as it stands behind the name.
    public mutating func element(_ name: String, attributes: String = "", _ children: (inout XMLWriter) -> Void) {
        octets.append(UInt8(ascii: "<"))
        octets.append(contentsOf: name.utf8)
        octets.append(contentsOf: attributes.utf8)
        octets.append(UInt8(ascii: ">"))
        let content = octets.count
        children(&self)
        if octets.count == content {
            octets.removeLast()
            octets.append(contentsOf: " />".utf8)
        } else {
            octets.append(contentsOf: "</".utf8)
            octets.append(contentsOf: name.utf8)
            octets.append(UInt8(ascii: ">"))
        }
    }

    /// Writes an element that holds a text, or nil.
    public mutating func element(_ name: String, _ value: String?) {
        if let value {
            element(name) { $0.text(value) }
        } else {
            element(name, attributes: " i:nil=\"true\"") { _ in }
        }
    }

    /// Writes an element that holds a number.
    public mutating func element(_ name: String, _ value: some BinaryInteger) {
        element(name) { $0.octets.append(contentsOf: String(value).utf8) }
    }

    /// Writes an element that holds true or false.
    public mutating func element(_ name: String, _ value: Bool) {
        element(name) { $0.octets.append(contentsOf: (value ? "true" : "false").utf8) }
    }

    /// Writes characters; those that XML 1.0 §2.2 cannot carry become U+FFFD.
    private mutating func text(_ value: String) {
        // Most texts are plain: they are copied in one go and looked at where they then are.
        let start = octets.count
        octets.append(contentsOf: value.utf8)
        if octets[start...].allSatisfy(Self.isPlain) {
            return
        }
        octets.removeSubrange(start...)
        for scalar in value.unicodeScalars {
            switch scalar {
            case "&": octets.append(contentsOf: "&amp;".utf8)
            case "<": octets.append(contentsOf: "&lt;".utf8)
            case ">": octets.append(contentsOf: "&gt;".utf8)
            // As it stands a reader would take it for a line feed (XML 1.0 §2.11).
            case "\r": octets.append(contentsOf: "&#xD;".utf8)
            case "\t", "\n": octets.append(UInt8(truncatingIfNeeded: scalar.value))
            case "\0"..<" ", "\u{FFFE}", "\u{FFFF}": octets.append(contentsOf: "\u{FFFD}".utf8)
            default:
                octets.append(contentsOf: String(scalar).utf8)
            }
        }
    }

    /// True for what stands for itself wherever it stands.
    private static func isPlain(_ octet: UInt8) -> Bool {
        (0x20..<0x7F).contains(octet) && octet != UInt8(ascii: "&") && octet != UInt8(ascii: "<")
            && octet != UInt8(ascii: ">")
    }
}
