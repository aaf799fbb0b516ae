/// The keys as the store told them, and how that reading stands to others.
///
/// Several may be under way at once (the feed, a rotation, an unknown refresh key), and come back in any order.
struct KeyReading: Sendable {
    /// As the store keeps them.
    let keys: [StoredKey]
    /// Taken before the store was asked: what began later knows at least as much.
    let serial: Int
}
