import Testing

@testable import LDAPClient

@Suite struct OperationTableTests {
    private typealias Table = OperationTable<String>

    private func table(_ operations: (String, OperationKind, Int32?)...) -> Table {
        var table = Table()
        for (context, kind, messageID) in operations {
            let id = table.nextID()
            table.begin(id, kind, context: context)
            if let messageID { table.written(id, messageID: messageID) }
        }
        return table
    }

    private func entry(_ size: Int = 0) -> LDAPEntry {
        LDAPEntry(dn: "cn=x", attributes: [("a", [[UInt8](repeating: 1, count: size)])])
    }

    @Test func answersFindTheirCallers() {
        var table = table(("one", .search, 11), ("two", .search, 12))
        for _ in 0..<3 { _ = table.received(entry(), for: 12) }
        table.receivedReference(for: 12)
        guard case .ended(let two) = table.finish(12, .search) else { return unexpected("not ended") }
        #expect(two.context == "two")
        #expect(two.entries.count == 3)
        #expect(two.references == 1)
        guard case .ended(let one) = table.finish(11, .search) else { return unexpected("not ended") }
        #expect(one.context == "one")
        #expect(one.entries.isEmpty)
        #expect(table.isEmpty)
    }

    @Test func anOperationEndsOnce() {
        var table = table(("one", .bind, 5))
        guard case .ended = table.finish(5, .bind) else { return unexpected("not ended") }
        guard case .unknown = table.finish(5, .bind) else { return unexpected("ended twice") }
        #expect(table.remove(1) == nil)
        #expect(table.removeAll().isEmpty)
    }

    @Test func lateAnswersAreUnknown() {
        var table = table(("one", .search, 5))
        #expect(table.remove(1)?.context == "one")
        guard case .unknown = table.received(entry(), for: 5) else { return unexpected("known") }
        guard case .unknown = table.finish(5, .search) else { return unexpected("known") }
        table.receivedReference(for: 5)
    }

    @Test func answersOfTheWrongKindAreNoticed() {
        var table = table(("one", .bind, 5), ("two", .search, 6))
        guard case .violation = table.received(entry(), for: 5) else { return unexpected("accepted") }
        guard case .violation = table.finish(5, .search) else { return unexpected("accepted") }
        guard case .violation = table.finish(6, .extended) else { return unexpected("accepted") }
        #expect(table.count == 2)
    }

    @Test func moreEntriesThanAskedForAreCut() {
        var table = Table()
        let id = table.nextID()
        table.begin(id, .search, limits: .init(entries: 2, bytes: .max), context: "one")
        table.written(id, messageID: 1)
        for _ in 0..<2 {
            guard case .goOn = table.received(entry(), for: 1) else { return unexpected("cut too early") }
        }
        guard case .enough(let cut) = table.received(entry(), for: 1) else { return unexpected("not cut") }
        #expect(cut.entries.count == 2)
        #expect(table.isEmpty)
    }

    @Test(arguments: [0, 1, 100, 10_000]) func tooMuchMemoryIsRefused(valueSize: Int) {
        var table = Table()
        let id = table.nextID()
        table.begin(id, .search, limits: .init(entries: 0, bytes: 100_000), context: "one")
        table.written(id, messageID: 1)
        for count in 1...2000 {
            switch table.received(entry(valueSize), for: 1) {
            case .goOn: continue
            case .tooLarge(let operation):
                #expect(operation.context == "one")
                #expect(count * (valueSize + 165) > 90_000)
                return
            default: return unexpected("unexpected verdict")
            }
        }
        Issue.record("never refused")
    }

    @Test func aLossEndsAllInOrder() {
        var table = table(("one", .search, 4), ("two", .search, nil), ("three", .bind, 6))
        let all = table.removeAll()
        #expect(all.map(\.context) == ["one", "two", "three"])
        #expect(all.map { $0.messageID != nil } == [true, false, true])
        guard case .unknown = table.finish(4, .search) else { return unexpected("still known") }
    }
}

/// Records an issue and returns nothing, so that a guard may end with it.
private func unexpected(_ what: String) { Issue.record(Comment(rawValue: what)) }
