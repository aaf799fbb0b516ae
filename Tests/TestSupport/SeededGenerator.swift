// API: var generator = SeededGenerator(); …randomElement(using: &generator); "\(generator.seed)" in what a test says

import Glibc

/// Random numbers that can be had again: the seed is another one each time, or LDAPAUTHD_TEST_SEED (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    /// What the numbers follow from.
    public let seed: UInt64
    private var state: UInt64

    /// A sequence that begins at the seed of the environment, or anywhere.
    public init() {
        let given = getenv("LDAPAUTHD_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        self.init(seed: given ?? UInt64.random(in: 0...999_999_999))
    }

    /// A sequence of its own.
    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
