import LDAPClient
import Testing

@testable import DirectoryAuth

@Suite struct StableIDTests {
    static let guid: [UInt8] = [0x67, 0x45, 0x23, 0x01, 0xAB, 0x89, 0xEF, 0xCD, 1, 2, 3, 4, 5, 6, 7, 8]

    @Test(
        arguments: [
            ("objectGUID", guid, "01234567-89ab-cdef-0102-030405060708"),
            ("OBJECTguid", guid, "01234567-89ab-cdef-0102-030405060708"),
            ("entryUUID", Array("01234567-89AB-cdef-0102-030405060708".utf8), "01234567-89ab-cdef-0102-030405060708"),
            ("nsUniqueId", Array("0e5b6b01-8c5011ee-a1c1b8d2-4d0b9d0c".utf8), "0e5b6b01-8c5011ee-a1c1b8d2-4d0b9d0c"),
            ("employeeNumber", Array("E-4711".utf8), "E-4711"),
            ("blob", [0xFF, 0x00, 0x1a], "ff001a"),
            ("blob", [0x41, 0x00], "4100"),
            ("blob", [], nil),
        ] as [(String, [UInt8], String?)]
    )
    func readsValues(_ attribute: String, _ value: [UInt8], _ text: String?) {
        #expect(StableID.text(value, attribute: attribute) == text)
    }

    @Test func findsBinaryIdsAgain() {
        #expect(
            StableID.filter("01234567-89ab-cdef-0102-030405060708", attribute: "objectGUID")
                == .equal(attribute: "objectGUID", value: Self.guid)
        )
        #expect(
            StableID.filter("01234567-89ab-cdef-0102-030405060708", attribute: "entryUUID")
                == .equal(attribute: "entryUUID", value: Array("01234567-89ab-cdef-0102-030405060708".utf8))
        )
        #expect(
            StableID.filter("ff001a", attribute: "blob")
                == .or([
                    .equal(attribute: "blob", value: Array("ff001a".utf8)),
                    .equal(attribute: "blob", value: [0xFF, 0, 0x1A]),
                ])
        )
    }
}
