internal import Glibc

/// Where a host stands among the others of its directory: the order of `urls`, and inside what an `srv:` URL found the
/// priority of the DNS record.
struct HostRank: Sendable, Hashable, Comparable {
    /// The place in `urls`.
    var place: Int
    /// RFC 2782; 0 for a host named in `urls`.
    var priority = 0

    static func < (left: HostRank, right: HostRank) -> Bool {
        (left.place, left.priority) < (right.place, right.priority)
    }
}

/// The order in which hosts of one rank are asked: by weight, as RFC 2782 has it. Pure.
///
/// The draw is made by a key instead of a die, here the person's name as the entry spells it, folded: the same person always
/// comes to the same host, at logins by whatever name, refreshes and changes of the password, so that its count of wrong
/// passwords is complete and it has seen a password just changed; different people spread over the hosts by weight (weighted
/// rendezvous hashing). When hosts come and go, only the people of those hosts move.
enum HostOrder {
    /// Positions of `hosts`, best first.
    static func sorted(_ hosts: [(rank: HostRank, weight: Int, name: String)], key: String) -> [Int] {
        let scores = hosts.map { score(name: $0.name, weight: $0.weight, key: key) }
        return hosts.indices.sorted { left, right in
            hosts[left].rank == hosts[right].rank
                ? scores[left] > scores[right] : hosts[left].rank < hosts[right].rank
        }
    }

    /// u^(1/weight) for a u that key and name make: the greatest of several wins as often as its weight says.
    private static func score(name: String, weight: Int, key: String) -> Double {
        // FNV-1a, then a finishing mix: the draw must be the same in every process, which Hasher's is not.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for octet in [UInt8](key.utf8) + [0] + [UInt8](name.utf8) {
            hash = (hash ^ UInt64(octet)) &* 0x0000_0100_0000_01B3
        }
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
        hash ^= hash >> 33
        let uniform = (Double(hash >> 11) + 0.5) / 9_007_199_254_740_992
        // RFC 2782: a weight of 0 has a very small chance of being selected.
        return log(uniform) / max(Double(weight), 0.01)
    }
}
