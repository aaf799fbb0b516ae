public import FoundationEssentials

extension UUID {
    /// A random UUID (RFC 9562 §5.4) of the system's generator.
    ///
    /// `UUID()` opens, reads and closes /dev/urandom each time.
    public static func fresh() -> UUID {
        let random = RandomWords.pair()
        return make(random.0, random.1, version: 4)
    }

    /// A UUID that begins with a moment (RFC 9562 §5.7), so that those made one after the other lie side by side in an index.
    ///
    /// Beyond the moment 74 bits are random.
    public static func fresh(at moment: Timestamp) -> UUID {
        let random = RandomWords.pair()
        let milliseconds = UInt64(bitPattern: max(0, moment.milliseconds))
        return make(milliseconds << 16 | random.0 & 0xFFF, random.1, version: 7)
    }

    private static func make(_ high: UInt64, _ low: UInt64, version: UInt64) -> UUID {
        let high = high & ~0xF000 | version << 12
        let low = low & ~(0b11 << 62) | (0b10 << 62)
        return UUID(uuid: unsafe unsafeBitCast((high.bigEndian, low.bigEndian), to: uuid_t.self))
    }

    /// The text of RFC 9562 §4, in lower case; `uuidString` goes through snprintf(3), and in upper case.
    public var lowercaseText: String {
        let uuid = uuid
        return unsafe String(unsafeUninitializedCapacity: 36) { text in
            unsafe withUnsafeBytes(of: uuid) { octets in
                var place = 0
                for index in 0..<16 {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        unsafe text[place] = UInt8(ascii: "-")
                        place += 1
                    }
                    let octet = unsafe octets[index]
                    unsafe text[place] = Self.digit(octet >> 4)
                    unsafe text[place + 1] = Self.digit(octet & 0xF)
                    place += 2
                }
                return place
            }
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
