import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

@Suite struct HostOrderTests {
    typealias Host = (rank: HostRank, weight: Int, name: String)

    static func hosts(_ list: [(Int, Int, Int, String)]) -> [Host] {
        list.map { (HostRank(place: $0.0, priority: $0.1), $0.2, $0.3) }
    }

    @Test func placeAndPriorityComeFirst() {
        let hosts = Self.hosts([(1, 20, 100, "d"), (0, 5, 1, "a"), (1, 10, 1, "c"), (1, 5, 0, "b")])
        for person in 0..<50 { #expect(HostOrder.sorted(hosts, key: "p\(person)") == [1, 3, 2, 0]) }
    }

    @Test func weightsShareThePeople() {
        let hosts = Self.hosts([(0, 0, 60, "a"), (0, 0, 30, "b"), (0, 0, 10, "c"), (0, 0, 0, "never")])
        var first = [0, 0, 0, 0]
        var second = [0, 0, 0, 0]
        for person in 0..<20_000 {
            let order = HostOrder.sorted(hosts, key: "person\(person)")
            #expect(Set(order) == [0, 1, 2, 3])
            first[order[0]] += 1
            if order[0] == 0 { second[order[1]] += 1 }
        }
        #expect((11_600...12_400).contains(first[0]), "\(first)")
        #expect((5_700...6_300).contains(first[1]), "\(first)")
        #expect((1_800...2_200).contains(first[2]), "\(first)")
        #expect(first[3] <= 20, "\(first)")
        // Whoever comes second is drawn by weight again: 3 to 1.
        #expect((2.6...3.4).contains(Double(second[1]) / Double(second[2])), "\(second)")
    }

    @Test func thePersonStaysWhereTheyAre() {
        let all = Self.hosts([(0, 0, 1, "a"), (0, 0, 1, "b"), (0, 0, 1, "c")])
        let fewer = Array(all.prefix(2))
        for person in 0..<500 {
            let before = HostOrder.sorted(all, key: "p\(person)")
            #expect(before == HostOrder.sorted(all, key: "p\(person)"))
            if before[0] != 2 { #expect(HostOrder.sorted(fewer, key: "p\(person)")[0] == before[0]) }
        }
    }
}

@Suite struct HostRosterTests {
    static let start = ContinuousClock.now

    static func at(_ milliseconds: Int) -> ContinuousClock.Instant { start + .milliseconds(milliseconds) }

    static func roster(_ names: String...) -> HostRoster {
        let roster = HostRoster()
        roster.add(
            names.enumerated().map { .init(host: ScriptedHost($0.element), rank: HostRank(place: $0.offset)) }
        )
        return roster
    }

    static func names(_ candidates: [HostRoster.Candidate]) -> [String] { candidates.map(\.host.settings.url.host) }

    @Test func preferenceHoldsWhileAllIsWell() {
        let roster = Self.roster("a", "b", "c")
        let ids = roster.candidates(now: Self.at(0)).map(\.id)
        #expect(Self.names(roster.candidates(now: Self.at(0))) == ["a", "b", "c"])
        roster.answered(ids[0], now: Self.at(1))
        #expect(roster.snapshot().map(\.state) == [.up, .unknown, .unknown])
    }

    @Test func aHostThatFailedComesLastThenNotAtAllThenFirstAgain() {
        let roster = Self.roster("a", "b")
        let ids = roster.candidates(now: Self.at(0)).map(\.id)
        #expect(roster.failed(ids[0], "refused", begun: Self.at(0), now: Self.at(0)).change == .none)
        #expect(Self.names(roster.candidates(now: Self.at(999))) == ["b", "a"])
        #expect(roster.snapshot()[0].state == .failing)
        _ = roster.failed(ids[0], "refused", begun: Self.at(1_000), now: Self.at(1_000))
        let news = roster.failed(ids[0], "refused", begun: Self.at(1_000), now: Self.at(1_000))
        #expect(news == HostRoster.News(change: .opened, failures: 3))
        #expect(Self.names(roster.candidates(now: Self.at(1_001))) == ["b"])
        #expect(roster.snapshot()[0].state == .down && roster.snapshot()[0].lastError == "refused")
        #expect(roster.snapshot()[0].totalFailures == 3)
        #expect(roster.nextProbe == Self.at(2_000))

        let probes = roster.takeProbes(silence: .seconds(10), now: Self.at(2_000))
        // The other was never heard of.
        #expect(Self.names(probes) == ["a", "b"])
        #expect(roster.takeProbes(silence: .seconds(10), now: Self.at(2_001)).isEmpty)
        for probe in probes {
            let news = roster.probeEnded(probe.id, error: nil, begun: Self.at(2_000), now: Self.at(2_002))
            #expect(news.change == (probe.id == ids[0] ? .closed : .none))
        }
        #expect(Self.names(roster.candidates(now: Self.at(2_003))) == ["a", "b"])
        #expect(Self.names(roster.candidates(now: Self.at(2_004))) == ["b", "a"])
        roster.answered(ids[0], now: Self.at(2_005))
        #expect(Self.names(roster.candidates(now: Self.at(2_006))) == ["a", "b"])
        #expect(roster.snapshot().allSatisfy { $0.state == .up && $0.lastError == nil && $0.failures == 0 })
    }

    /// Each login searches, finds its groups while it binds, and waits for the bind in vain.
    @Test func aHostWhoseBindsHangIsLeftAloneThoughItSearches() {
        let roster = Self.roster("a", "b")
        let ids = roster.candidates(now: Self.at(0)).map(\.id)
        for round in 0..<3 {
            let begun = round * 3_000
            #expect(Self.names(roster.candidates(asService: true, now: Self.at(begun))) == ["a", "b"])
            roster.answered(ids[0], asService: true, now: Self.at(begun + 1))
            #expect(Self.names(roster.candidates(now: Self.at(begun + 2))) == ["a", "b"])
            roster.answered(ids[0], asService: true, now: Self.at(begun + 3))
            let news = roster.failed(ids[0], "no answer", begun: Self.at(begun + 2), now: Self.at(begun + 1_502))
            #expect(news.change == (round == 2 ? .opened : .none))
        }
        #expect(Self.names(roster.candidates(now: Self.at(7_600))) == ["b"])
    }

    @Test func nobodyIsAskedWhenAllAreDown() {
        let roster = Self.roster("a", "b")
        for id in roster.candidates().map(\.id) {
            for _ in 0..<3 { _ = roster.failed(id, "no route", begun: Self.at(0), now: Self.at(0)) }
        }
        #expect(roster.candidates(now: Self.at(1)).isEmpty)
        #expect(roster.whyNobody.contains("no route"))
    }

    @Test func whoRefusesTheServiceAccountIsAskedLastForSearches() {
        let roster = Self.roster("a", "b")
        let ids = roster.candidates(now: Self.at(0)).map(\.id)
        for id in ids { roster.answered(id, now: Self.at(0)) }
        roster.refusedService(ids[0], "49")
        #expect(roster.snapshot().map(\.state) == [.serviceRefused, .up])
        #expect(Self.names(roster.candidates(asService: true, now: Self.at(1))) == ["b", "a"])
        #expect(Self.names(roster.candidates(now: Self.at(1))) == ["a", "b"])
        // A person who gets in says nothing of the service account.
        roster.answered(ids[0], now: Self.at(2))
        #expect(roster.snapshot()[0].state == .serviceRefused)
        roster.answered(ids[0], asService: true, now: Self.at(3))
        #expect(Self.names(roster.candidates(asService: true, now: Self.at(4))) == ["a", "b"])
    }

    @Test func whatTheDNSNamesNoMoreGoes() {
        let roster = Self.roster("fixed")
        func found(_ name: String, _ priority: Int) -> HostDiscovery.Found {
            .init(url: .init(scheme: .ldaps, host: name, port: 636), priority: priority, weight: 1)
        }
        func replace(_ hosts: HostDiscovery.Found...) -> [String] {
            roster.replace(place: 1, with: hosts) { ScriptedHost($0.url.host) }.gone.map(\.settings.url.host)
        }
        #expect(replace(found("x", 2), found("y", 1)) == [])
        #expect(Self.names(roster.candidates()) == ["fixed", "y", "x"])
        let id = roster.candidates().first { $0.host.settings.url.host == "x" }?.id
        for _ in 0..<3 { _ = roster.failed(id ?? 0, "down", begun: Self.at(0), now: Self.at(0)) }
        // What is known of a host that stays is kept, its new priority counts.
        #expect(replace(found("x", 0), found("z", 1)) == ["y"])
        #expect(roster.snapshot().map(\.url) == ["ldaps://fixed", "ldaps://x", "ldaps://z"])
        #expect(roster.snapshot()[1].state == .down)
    }
}
