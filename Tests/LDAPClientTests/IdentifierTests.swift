import LDAPClient
import Testing

@Suite struct IdentifierTests {
    @Test func formatsGUIDs() {
        let octets: [UInt8] = [
            0x33, 0x22, 0x11, 0x00, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xAA, 0xBB, 0xCC, 0xDD, 0xEE, 0xFF,
        ]
        #expect(GUIDFormatting.guid(octets) == "00112233-4455-6677-8899-aabbccddeeff")
        #expect(GUIDFormatting.guid(Array(octets.dropLast())) == nil)
        #expect(GUIDFormatting.guid(octets + [0]) == nil)
    }

    @Test(
        arguments: [
            ([1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0], "S-1-5-32-544"),
            ([1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], "S-1-1-0"),
            ([1, 1, 0, 0, 0, 0, 0, 5, 255, 255, 255, 255], "S-1-5-4294967295"),
            ([1, 0, 0, 1, 0, 0, 0, 0], "S-1-0x000100000000"),
            (
                [1, 5, 0, 0, 0, 0, 0, 5, 21, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0xF4, 1, 0, 0],
                "S-1-5-21-67305985-134678021-202050057-500"
            ),
            ([2, 0, 0, 0, 0, 0, 0, 5], nil), ([1, 1, 0, 0, 0, 0, 0, 5], nil), ([1, 16, 0, 0, 0, 0, 0, 5], nil),
            ([], nil),
        ] as [([UInt8], String?)]
    )
    func formatsSIDs(octets: [UInt8], text: String?) {
        #expect(GUIDFormatting.sid(octets) == text)
    }

    @Test(
        arguments: [
            ("19700101000000Z", 0), ("20261122061300Z", 1_795_327_980), ("20261122061300.0Z", 1_795_327_980),
            ("20261122061300,123Z", 1_795_327_980), ("202611220713+0100", 1_795_327_980),
            ("20261122011300-0500", 1_795_327_980),
            ("2026112206Z", 1_795_327_200), ("20240229000000Z", 1_709_164_800), ("19691231235959Z", -1),
            ("20250229000000Z", nil), ("20261322061300Z", nil), ("20261122061300", nil), ("20261122246100Z", nil),
            ("", nil),
            ("2026112206130Z", nil), ("20261122061300.Z", nil), ("20261122061300Zx", nil), ("never", nil),
        ] as [(String, Int64?)]
    )
    func readsTimes(text: String, seconds: Int64?) {
        #expect(GeneralizedTime.seconds(text) == seconds)
    }
}
