import Authentication
import FoundationEssentials
import Testing

@Suite struct UUIDTests {
    @Test func textIsThatOfFoundationInLowerCase() {
        for _ in 0..<200 {
            let uuid = UUID()
            #expect(uuid.lowercaseText == uuid.uuidString.lowercased())
        }
        #expect(UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255)).lowercaseText.hasSuffix("0000000000ff"))
    }

    @Test func freshOnesAreRandomOfVersion4() {
        var seen: Set<UUID> = []
        var (set, unset) = ([UInt8](repeating: 0, count: 16), [UInt8](repeating: 0, count: 16))
        for _ in 0..<200 {
            let uuid = UUID.fresh()
            seen.insert(uuid)
            let octets = withUnsafeBytes(of: uuid.uuid) { Array($0) }
            #expect(octets[6] >> 4 == 4)
            #expect(octets[8] >> 6 == 0b10)
            for (index, octet) in octets.enumerated() {
                set[index] |= octet
                unset[index] |= ~octet
            }
        }
        #expect(seen.count == 200)
        // Every bit but those six takes both values; that one of 122 does not in 200 turns has a chance of 2 to the -192.
        let expected = (0..<16).map { $0 == 6 ? UInt8(0x4F) : $0 == 8 ? 0xBF : 0xFF }
        let others = (0..<16).map { $0 == 6 ? UInt8(0xBF) : $0 == 8 ? 0x7F : 0xFF }
        #expect(set == expected)
        #expect(unset == others)
    }

    @Test func thoseOfAMomentLieBehindThoseOfEarlierOnes() {
        // 2022-02-22T19:22:22Z, the example of RFC 9562, appendix A.6.
        let moment = Timestamp(milliseconds: 1_645_557_742_000)
        let example = UUID.fresh(at: moment).lowercaseText
        #expect(example.hasPrefix("017f22e2-79b0-7"))
        #expect(["8", "9", "a", "b"].contains(example.dropFirst(19).prefix(1)))
        let inOrder = (0..<200).map { UUID.fresh(at: moment + .milliseconds($0)).lowercaseText }
        #expect(inOrder == inOrder.sorted() && Set(inOrder).count == 200)
        let random = Set((0..<200).map { _ in UUID.fresh(at: moment).lowercaseText })
        #expect(random.count == 200)
        #expect(UUID.fresh(at: Timestamp(milliseconds: -1)).lowercaseText.hasPrefix("00000000-0000-7"))
    }
}
