import Authentication
import Testing

@Suite struct WipingTests {
    struct Failure: Error {}

    /// Where the octets are: the same place before and after means that no copy was wiped in their stead.
    private func place(_ octets: [UInt8]) -> UnsafeRawPointer? { octets.withUnsafeBytes { $0.baseAddress } }

    @Test func theOctetsThemselvesAreOverwritten() {
        var octets = Array("geheim".utf8)
        let before = place(octets)
        octets.wipe()
        #expect(octets == [0, 0, 0, 0, 0, 0])
        #expect(place(octets) == before)
        var empty: [UInt8] = []
        empty.wipe()
        #expect(empty.isEmpty)
    }

    @Test func whatWasLentIsOverwrittenAlsoAfterAnError() {
        var octets = Array("geheim".utf8)
        let before = place(octets)
        #expect(octets.lendAndWipe { $0.count } == 6)
        #expect(octets == [0, 0, 0, 0, 0, 0])
        octets[0] = 7
        #expect(throws: Failure.self) { try octets.lendAndWipe { _ in throw Failure() } }
        #expect(octets == [0, 0, 0, 0, 0, 0])
        #expect(place(octets) == before)
    }
}
