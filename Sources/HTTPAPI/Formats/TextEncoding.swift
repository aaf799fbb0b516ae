/// How an answer's characters become octets.
public enum TextEncoding: String, Sendable, Hashable {
    /// Without a BOM.
    case utf8 = "utf-8"
    /// Little-endian, with a BOM.
    case utf16 = "utf-16"

    /// The encoding of that name, compared without case; nil for any other.
    public init?(charset: some StringProtocol) {
        switch charset.lowercased() {
        case "utf-8": self = .utf8
        case "utf-16": self = .utf16
        default: return nil
        }
    }

    /// Turns UTF-8 octets into octets of this encoding.
    func encode(utf8: [UInt8]) -> [UInt8] {
        guard self == .utf16 else {
            return utf8
        }
        var octets: [UInt8] = [0xFF, 0xFE]
        octets.reserveCapacity(2 + 2 * utf8.count)
        for unit in String(decoding: utf8, as: UTF8.self).utf16 {
            octets.append(UInt8(truncatingIfNeeded: unit))
            octets.append(UInt8(truncatingIfNeeded: unit >> 8))
        }
        return octets
    }

    /// Turns UTF-16 octets, little-endian unless a BOM says otherwise, into UTF-8 octets without a BOM.
    ///
    /// - Returns: nil for an odd number of octets or an unpaired surrogate (RFC 2781 §2.2).
    static func utf8(fromUTF16 octets: [UInt8]) -> [UInt8]? {
        guard octets.count.isMultiple(of: 2) else {
            return nil
        }
        let isBigEndian = octets.starts(with: [0xFE, 0xFF])
        let start = isBigEndian || octets.starts(with: [0xFF, 0xFE]) ? 2 : 0
        let units = stride(from: start, to: octets.count, by: 2).lazy.map { index in
            let first = UInt16(octets[index])
            let second = UInt16(octets[index + 1])
            return isBigEndian ? first << 8 | second : second << 8 | first
        }
        var utf8: [UInt8] = []
        utf8.reserveCapacity(octets.count)
        let isBroken = transcode(units.makeIterator(), from: UTF16.self, to: UTF8.self, stoppingOnError: true) {
            utf8.append($0)
        }
        return isBroken ? nil : utf8
    }
}
