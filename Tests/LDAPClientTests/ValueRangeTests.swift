import Testing

@testable import LDAPClient

@Suite struct ValueRangeTests {
    @Test(
        arguments: [
            ("member;range=0-1499", "member", 0, 1499),
            ("memberOf;Range=1500-2999", "memberOf", 1500, 2999),
            ("member;range=3000-*", "member", 3000, nil),
            ("member;range=0-0", "member", 0, 0),
            ("cn;lang-de;range=0-*", "cn;lang-de", 0, nil),
            ("cn;range=0-*;lang-de", "cn;lang-de", 0, nil),
        ] as [(String, String, Int, Int?)]
    )
    func partsAreRead(text: String, attribute: String, first: Int, last: Int?) throws {
        let range = try #require(ValueRange(attribute: text))
        #expect(range.attribute == attribute && range.first == first && range.last == last)
    }

    @Test(arguments: [
        "member", "", "member;", "range=0-1", "member;range=", "member;range=0", "member;range=-", "member;range=a-b",
        "member;range=5-4", "member;range=0-1-2", "member;range=0-99999999999999999999", "member;ranges=0-1",
        "member;range=*-*", "member;range=-1-4",
    ])
    func everythingElseIsNoPart(text: String) {
        #expect(ValueRange(attribute: text) == nil)
    }

    @Test func whatIsAskedForCanBeRead() {
        let range = ValueRange(attribute: ValueRange.request("member", from: 1500))
        #expect(range?.attribute == "member" && range?.first == 1500 && range?.last == nil)
    }
}
