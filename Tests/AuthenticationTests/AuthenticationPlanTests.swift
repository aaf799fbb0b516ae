import Testing

@testable import Authentication

/// 1 corp and 2 partner are OpenLDAP, 3 and 4 Active Directory.
private let directories = [
    AuthenticationPlan.Directory(id: SourceID(1), domains: ["CORP", "corp.example"]),
    AuthenticationPlan.Directory(id: SourceID(2), domains: ["partner.example"]),
    AuthenticationPlan.Directory(id: SourceID(3), domains: ["WIN", "win.example"], isActiveDirectory: true),
    AuthenticationPlan.Directory(id: SourceID(4), domains: ["WIN2"], isActiveDirectory: true),
]

/// One row of the table. A plan is written as in `1 u1 o2; 2 u- o-; 0 u- o- bare`: source, step after unknown, after
/// outage, and whether the name goes there without its domain.
struct PlanCase: Sendable, CustomTestStringConvertible {
    var title: String
    var selection = AuthenticationRequest.Selection.unnamed
    var name = "alice"
    var sources: [Int32] = []
    var order: [Int32] = [0]
    var fallback: Set<AuthenticationSettings.Fallback> = [.unknownUser, .directoryUnavailable]
    var pastOutage = false
    var plan: String

    var testDescription: String { title }
}

@Suite struct AuthenticationPlanTests {
    @Test(arguments: [
        PlanCase(title: "default order", plan: "0 u- o-"),
        PlanCase(title: "order", order: [1, 2, 0], plan: "1 u1 o3; 2 u2 o3; 0 u- o-; 0 u- o-"),
        PlanCase(title: "order past outages", order: [1, 2, 0], pastOutage: true, plan: "1 u1 o1; 2 u2 o2; 0 u- o-"),
        PlanCase(title: "local in the middle", order: [1, 0, 2], plan: "1 u1 o3; 0 u2 o-; 2 u- o-; 0 u- o-"),
        PlanCase(title: "local first", order: [0, 1], plan: "0 u1 o-; 1 u- o-"),
        PlanCase(title: "local first, past outages", order: [0, 1], pastOutage: true, plan: "0 u1 o1; 1 u- o-"),
        PlanCase(title: "order without local", order: [1, 2], plan: "1 u1 o-; 2 u- o-"),
        PlanCase(
            title: "the fallback rules do not touch the order",
            order: [1, 0],
            fallback: [],
            plan: "1 u1 o2; 0 u- o-; 0 u- o-"
        ),
        PlanCase(title: "order with a repeat and a stranger", order: [1, 9, 1, 0], plan: "1 u1 o2; 0 u- o-; 0 u- o-"),
        PlanCase(
            title: "the client's sources are its order",
            sources: [2, 0],
            order: [1, 0],
            plan: "2 u1 o2; 0 u- o-; 0 u- o-"
        ),
        PlanCase(title: "client without local", sources: [2], order: [1, 0], plan: "2 u- o-"),
        PlanCase(title: "empty order", order: [], plan: ""),
    ])
    func nobodyNamed(_ row: PlanCase) { check(row) }

    /// No directory is shown the password of another one's people, not even by a bind that is bound to fail.
    @Test(arguments: [
        PlanCase(
            title: "another's person by id",
            selection: .directory(SourceID(2)),
            name: "alice@corp.example",
            plan: "0 u- o-"
        ),
        PlanCase(
            title: "the same, down-level",
            selection: .directory(SourceID(2)),
            name: "CORP\\alice",
            plan: "0 u- o-"
        ),
        PlanCase(
            title: "the same without the fallback",
            selection: .directory(SourceID(2)),
            name: "alice@corp.example",
            fallback: [.directoryUnavailable],
            plan: ""
        ),
        PlanCase(title: "a client that may not ask the owner", name: "CORP\\alice", sources: [2], plan: ""),
        PlanCase(title: "the same with local", name: "CORP\\alice", sources: [2, 0], plan: "0 u- o-"),
        PlanCase(title: "the Windows way", selection: .windows, name: "alice@win.example", sources: [4], plan: ""),
    ])
    func ofAnotherDirectory(_ row: PlanCase) { check(row) }

    @Test(arguments: [
        PlanCase(title: "by id", selection: .directory(SourceID(1)), plan: "1 u1 o1; 0 u- o-"),
        PlanCase(
            title: "by id, only unknown",
            selection: .directory(SourceID(1)),
            fallback: [.unknownUser],
            plan: "1 u1 o-; 0 u- o-"
        ),
        PlanCase(
            title: "by id, only outage",
            selection: .directory(SourceID(1)),
            fallback: [.directoryUnavailable],
            plan: "1 u- o1; 0 u- o-"
        ),
        PlanCase(title: "by id, never", selection: .directory(SourceID(1)), fallback: [], plan: "1 u- o-"),
        PlanCase(
            title: "by id, not in order",
            selection: .directory(SourceID(2)),
            order: [1],
            plan: "2 u1 o1; 0 u- o-"
        ),
        PlanCase(
            title: "by id, client without local",
            selection: .directory(SourceID(1)),
            sources: [1, 2],
            plan: "1 u- o-"
        ),
        PlanCase(
            title: "by id, client with local",
            selection: .directory(SourceID(1)),
            sources: [0, 1],
            plan: "1 u1 o1; 0 u- o-"
        ),
        PlanCase(title: "by id outside sources", selection: .directory(SourceID(1)), sources: [2, 0], plan: ""),
        PlanCase(title: "unknown id", selection: .directory(SourceID(9)), plan: ""),
        PlanCase(
            title: "the id counts, not a domain that is nobody's",
            selection: .directory(SourceID(2)),
            name: "OTHER\\alice",
            plan: "2 u1 o1; 0 u- o-"
        ),
        PlanCase(title: "local by name", selection: .directory(.local), order: [1, 0], plan: "0 u- o-"),
        PlanCase(title: "local by name, not allowed", selection: .directory(.local), sources: [1], plan: ""),
        PlanCase(title: "by domain", name: "corp\\alice", order: [2, 1, 0], plan: "1 u1 o1; 0 u- o- bare"),
        PlanCase(title: "by principal", name: "alice@PARTNER.example", order: [1], plan: "2 u1 o1; 0 u- o- bare"),
        PlanCase(
            title: "by id, with its domain",
            selection: .directory(SourceID(1)),
            name: "CORP\\alice",
            plan: "1 u1 o1; 0 u- o- bare"
        ),
        PlanCase(title: "by domain, never local", name: "corp\\alice", fallback: [], plan: "1 u- o-"),
        PlanCase(title: "by domain, client without local", name: "corp\\alice", sources: [2, 1], plan: "1 u- o-"),
        PlanCase(
            title: "a mail address is a name",
            name: "alice@mail.example",
            order: [1, 0],
            plan: "1 u1 o2; 0 u- o-; 0 u- o-"
        ),
    ])
    func directoryNamed(_ row: PlanCase) { check(row) }

    @Test(arguments: [
        PlanCase(title: "all of the kind", selection: .windows, order: [1, 0], plan: "3 u1 o-; 4 u- o-"),
        PlanCase(title: "past outages", selection: .windows, pastOutage: true, plan: "3 u1 o1; 4 u- o-"),
        PlanCase(title: "of the client's sources", selection: .windows, sources: [4, 1, 0], plan: "4 u- o-"),
        PlanCase(title: "in the client's order", selection: .windows, sources: [4, 3], plan: "4 u1 o-; 3 u- o-"),
        PlanCase(title: "none among the sources", selection: .windows, sources: [1, 0], plan: ""),
        PlanCase(title: "domain", selection: .windows, name: "WIN2\\alice", plan: "4 u- o-"),
        PlanCase(title: "principal", selection: .windows, name: "alice@win.example", plan: "3 u- o-"),
        PlanCase(title: "unlisted domain", selection: .windows, name: "OTHER\\alice", plan: ""),
        PlanCase(title: "domain of another kind", selection: .windows, name: "CORP\\alice", plan: ""),
        PlanCase(title: "domain outside sources", selection: .windows, name: "WIN\\alice", sources: [4], plan: ""),
        PlanCase(
            title: "a suffix of its own",
            selection: .windows,
            name: "alice@mail.example",
            plan: "3 u1 o-; 4 u- o-"
        ),
    ])
    func windows(_ row: PlanCase) { check(row) }

    private func check(_ row: PlanCase) {
        let plan = AuthenticationPlan(
            row.selection,
            name: LoginName(row.name),
            sources: row.sources.map { SourceID($0) },
            directories: directories,
            settings: AuthenticationSettings(
                order: row.order.map { SourceID($0) },
                fallbackToLocal: row.fallback,
                orderPastOutage: row.pastOutage
            )
        )
        let text = plan.steps.map { step in
            "\(step.source) u\(step.afterUnknown.map(String.init) ?? "-") o\(step.afterOutage.map(String.init) ?? "-")"
                + (step.isWithoutDomain ? " bare" : "")
        }
        #expect(text.joined(separator: "; ") == row.plan)
    }

    @Test func aHangingDirectoryLeavesTimeForThoseBehindIt() {
        func shares(_ order: [Int32], past: Bool, fallback: AuthenticationRequest.Selection = .unnamed) -> [Int64] {
            let plan = AuthenticationPlan(
                fallback,
                name: LoginName("alice"),
                sources: [],
                directories: directories,
                settings: AuthenticationSettings(order: order.map { SourceID($0) }, orderPastOutage: past)
            )
            var now = ContinuousClock.now
            let start = now
            let timetable = LoginTimetable(start: start, budget: .seconds(10))
            var deadlines: [Int64] = []
            var step = plan.steps.isEmpty ? nil : 0
            while let index = step {
                now = timetable.deadline(of: index, in: plan, now: now)
                deadlines.append((now - start).wholeMilliseconds)
                step = plan.steps[index].afterOutage
            }
            return deadlines
        }
        #expect(shares([0], past: false) == [10_000])
        #expect(shares([1], past: false) == [10_000])
        #expect(shares([1, 2, 0], past: false) == [8_000, 10_000])
        #expect(shares([1, 2, 0], past: true) == [4_000, 8_000, 10_000])
        #expect(shares([1, 2, 3, 4], past: true) == [2_500, 5_000, 7_500, 10_000])
        #expect(shares([], past: false, fallback: .directory(SourceID(1))) == [8_000, 10_000])
    }
}
