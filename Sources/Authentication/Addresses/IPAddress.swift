internal import Glibc

/// An IPv4 or IPv6 address, an IPv4-mapped one (`::ffff:192.0.2.1`) taken as the IPv4 address it carries.
public struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// The bits, the first octet highest; an IPv4 address fills the low 32.
    public let bits: UInt128
    /// True for IPv4.
    public let isIPv4: Bool

    private static let mappedPrefix: UInt128 = 0xFFFF

    /// An address of known bits.
    public init(bits: UInt128, isIPv4: Bool) {
        self.bits = bits
        self.isIPv4 = isIPv4
    }

    private init(ipv6 bits: UInt128) {
        let isMapped = bits >> 32 == Self.mappedPrefix
        self.init(bits: isMapped ? bits & 0xFFFF_FFFF : bits, isIPv4: isMapped)
    }

    /// The address in `text`, without port, brackets or zone; nil when it is none (inet_pton(3)).
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        var octets = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, text, &octets) == 1 {
            self.init(bits: octets[..<4].reduce(0) { $0 << 8 | UInt128($1) }, isIPv4: true)
        } else if unsafe inet_pton(AF_INET6, text, &octets) == 1 {
            self.init(ipv6: octets.reduce(0) { $0 << 8 | UInt128($1) })
        } else {
            return nil
        }
    }

    /// True for 127.0.0.0/8 and ::1.
    public var isLoopback: Bool {
        isIPv4 ? bits >> 24 == 127 : bits == 1
    }

    /// As RFC 5952 spells it.
    public var description: String {
        isIPv4 ? dotted : colons
    }

    private var dotted: String {
        stride(from: 24, through: 0, by: -8).map { String((bits >> UInt128($0)) & 0xFF) }.joined(separator: ".")
    }

    private var colons: String {
        let groups = stride(from: 112, through: 0, by: -16).map { UInt16(truncatingIfNeeded: bits >> UInt128($0)) }
        guard let gap = Self.longestZeroRun(groups) else { return Self.joined(groups[...]) }
        return Self.joined(groups[..<gap.lowerBound]) + "::" + Self.joined(groups[gap.upperBound...])
    }

    private static func joined(_ groups: ArraySlice<UInt16>) -> String {
        groups.map { String($0, radix: 16) }.joined(separator: ":")
    }

    /// RFC 5952 §4.2: the first of the longest runs of at least two zero groups.
    private static func longestZeroRun(_ groups: [UInt16]) -> Range<Int>? {
        var best: Range<Int>?
        var start = 0
        for index in 0...groups.count where index == groups.count || groups[index] != 0 {
            if index - start >= 2, index - start > best?.count ?? 0 { best = start..<index }
            start = index + 1
        }
        return best
    }
}

extension IPAddress {
    /// What the throttle takes for one caller: an IPv4 address, or the /64 of an IPv6 one, which a single subscriber may use
    /// as a whole (RFC 6177 §2).
    public var throttleText: String {
        isIPv4 ? description : "\(IPAddress(bits: (bits >> 64) << 64, isIPv4: false))/64"
    }
}
