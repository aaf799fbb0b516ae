/// The SRV records of a DNS answer (RFC 1035 §4.1, RFC 2782). Pure; whatever the octets are, it ends and does not trap.
struct DNSAnswer {
    /// One SRV record and for how many seconds it may be kept.
    struct Service: Hashable {
        let priority: Int
        let weight: Int
        let port: Int
        let target: String
        let lifetime: Int
    }

    /// In the order of the answer.
    let services: [Service]

    private static let typeSRV = 33
    private static let classIN = 1

    /// Nil when the octets are no DNS answer.
    init?(_ octets: [UInt8]) {
        var reader = Reader(octets: octets)
        guard reader.skip(4), let questions = reader.number(2), let answers = reader.number(2), reader.skip(4) else {
            return nil
        }
        for _ in 0..<questions { guard reader.name() != nil, reader.skip(4) else { return nil } }
        var found: [Service] = []
        for _ in 0..<answers {
            guard reader.name() != nil, let type = reader.number(2), let kind = reader.number(2),
                let lifetime = reader.number(4), let length = reader.number(2), length <= reader.left
            else { return nil }
            let end = reader.position + length
            if type == Self.typeSRV, kind == Self.classIN {
                guard let priority = reader.number(2), let weight = reader.number(2), let port = reader.number(2),
                    let target = reader.name(), reader.position == end
                else { return nil }
                found.append(
                    // RFC 2181 §8: a lifetime with the highest bit set means zero.
                    Service(
                        priority: priority,
                        weight: weight,
                        port: port,
                        target: target,
                        lifetime: lifetime > 0x7FFF_FFFF ? 0 : lifetime
                    )
                )
            }
            reader.position = end
        }
        services = found
    }
}

/// Reads forwards; names may point back (RFC 1035 §4.1.4).
private struct Reader {
    let octets: [UInt8]
    var position = 0

    init(octets: [UInt8]) { self.octets = octets }

    var left: Int { octets.count - position }

    mutating func skip(_ count: Int) -> Bool {
        guard left >= count else { return false }
        position += count
        return true
    }

    mutating func number(_ count: Int) -> Int? {
        guard left >= count else { return nil }
        defer { position += count }
        return octets[position..<(position + count)].reduce(0) { $0 << 8 | Int($1) }
    }

    /// A name with dots, without the last; empty for the root. Octets that are no part of a host name make it nil.
    mutating func name() -> String? {
        var labels: [String] = []
        var at = position
        var hasJumped = false
        var length = 0
        while at < octets.count {
            let head = Int(octets[at])
            switch head {
            case 0:
                if !hasJumped { position = at + 1 }
                return labels.joined(separator: ".")
            case 1...63:
                length += head + 1
                guard at + 1 + head <= octets.count, length <= 255 else { return nil }
                let label = octets[(at + 1)..<(at + 1 + head)]
                guard label.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ".") }) else { return nil }
                labels.append(String(decoding: label, as: UTF8.self))
                at += 1 + head
            case 0xC0...:
                guard at + 1 < octets.count else { return nil }
                let target = (head & 0x3F) << 8 | Int(octets[at + 1])
                // Only backwards, so that it ends.
                guard target < at else { return nil }
                if !hasJumped { position = at + 2 }
                hasJumped = true
                at = target
            default:
                return nil
            }
        }
        return nil
    }
}
