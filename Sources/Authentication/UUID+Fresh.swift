public import FoundationEssentials

extension UUID {
    /// A random UUID (RFC 9562 §5.4) of the system's generator.
    ///
    /// `UUID()` opens, reads and closes /dev/urandom each time.
    public static func fresh() -> UUID {
        let random = RandomWords.pair()
        let high = random.0 & ~0xF000 | 0x4000
        let low = random.1 & ~(0b11 << 62) | (0b10 << 62)
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
