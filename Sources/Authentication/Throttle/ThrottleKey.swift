internal import CSodium

/// Stands for an account or an address in the throttle: sixteen octets of a keyed hash.
///
/// People type passwords into the field of the name; a store that kept names as typed would keep those, too.
public struct ThrottleKey: Sendable, Hashable, Comparable {
    private let high: UInt64
    private let low: UInt64

    /// The number of octets.
    public static let size = 16

    /// A key as the store keeps it; nil for another number of octets.
    public init?(_ octets: [UInt8]) {
        guard octets.count == Self.size else { return nil }
        high = octets[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = octets[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    fileprivate init(hash words: (high: UInt64, low: UInt64)) {
        high = UInt64(bigEndian: words.high)
        low = UInt64(bigEndian: words.low)
    }

    /// As the store keeps it.
    public var octets: [UInt8] {
        unsafe withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { unsafe Array($0) }
    }

    /// Sixteen bits of it: enough to tell two apart, too few to find out what they were made of.
    var proof: UInt16 { UInt16(truncatingIfNeeded: low) }

    /// By octets, so that all who write several do it in one order.
    public static func < (left: ThrottleKey, right: ThrottleKey) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

/// Makes keys: BLAKE2b (RFC 7693) under a secret of the installation.
struct ThrottleDigest: Sendable {
    /// What a key stands for, so that no two kinds ever meet.
    enum Kind: UInt8 {
        case name = 1
        case person, address, knownName, knownPerson, question, password
    }

    private let secret: [UInt8]

    /// - Parameter secret: 16 to 64 octets; the same on all nodes and after a restart where keys are stored.
    init(secret: [UInt8]) {
        self.secret = secret
    }

    /// A secret for what this process keeps to itself.
    static func random() -> ThrottleDigest {
        var secret = [UInt8](repeating: 0, count: 32)
        unsafe randombytes_buf(&secret, secret.count)
        return ThrottleDigest(secret: secret)
    }

    /// The key of that kind for these parts, in their order.
    func key(_ kind: Kind, _ parts: String...) -> ThrottleKey {
        var message: [UInt8] = []
        message.reserveCapacity(parts.reduce(1) { $0 + $1.utf8.count + 1 })
        message.append(kind.rawValue)
        for part in parts {
            message += part.utf8
            // In no UTF-8 text, so that no two lists of parts make one message.
            message.append(0xFF)
        }
        return hash(message)
    }

    /// The key for a password tried on `subject`.
    func key(of password: Password, on subject: ThrottleKey) -> ThrottleKey {
        var message = [Kind.password.rawValue] + subject.octets
        // With room from the start: a growing array would leave copies behind.
        message.reserveCapacity(message.count + password.count)
        unsafe password.withUnsafeBytes { unsafe message.append(contentsOf: $0) }
        defer { message.wipe() }
        return hash(message)
    }

    private func hash(_ message: [UInt8]) -> ThrottleKey {
        var words: (high: UInt64, low: UInt64) = (0, 0)
        unsafe message.withUnsafeBytes { message in
            unsafe withUnsafeMutableBytes(of: &words) { unsafe BLAKE2b.hash(message, key: secret, into: $0) }
        }
        return ThrottleKey(hash: words)
    }
}
