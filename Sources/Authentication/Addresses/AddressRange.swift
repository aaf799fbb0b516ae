/// A range of addresses in CIDR notation (RFC 4632, RFC 4291 §2.3), or a single address.
public struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    private let network: UInt128
    private let prefixLength: Int
    private let isIPv4: Bool

    /// `192.0.2.0/24`, `2001:db8::/32` or a bare address; nil when it is neither. Bits beyond the prefix are ignored.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(first) else { return nil }
        let width = address.isIPv4 ? 32 : 128
        var length = width
        if parts.count == 2 {
            // A mapped range (::ffff:10.0.0.0/104) counts its prefix in 128 bits.
            let offset = address.isIPv4 && first.contains(":") ? 96 : 0
            guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(parts[1]),
                (0...width).contains(number - offset)
            else { return nil }
            length = number - offset
        }
        isIPv4 = address.isIPv4
        prefixLength = length
        network = address.bits & Self.mask(length, width: width)
    }

    private static func mask(_ length: Int, width: Int) -> UInt128 {
        let all: UInt128 = width == 128 ? .max : 0xFFFF_FFFF
        return length == 0 ? 0 : (all << UInt128(width - length)) & all
    }

    /// True when `address` lies in the range.
    public func contains(_ address: IPAddress) -> Bool {
        guard address.isIPv4 == isIPv4 else { return false }
        return address.bits & Self.mask(prefixLength, width: isIPv4 ? 32 : 128) == network
    }

    /// True when `address` (text) lies in the range; false for text that is no address.
    public func contains(_ address: String) -> Bool {
        guard let parsed = IPAddress(address) else { return false }
        return contains(parsed)
    }

    /// Network and prefix length.
    public var description: String {
        "\(IPAddress(bits: network, isIPv4: isIPv4))/\(prefixLength)"
    }
}
