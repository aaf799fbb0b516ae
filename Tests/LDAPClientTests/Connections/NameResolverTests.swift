import EventPoller
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import LDAPClient

@Suite struct NameResolverTests {
    private let poller: EventPoller

    init() throws { poller = try EventPoller() }

    /// A name service that answers as it is told.
    private final class Names: Sendable {
        let asked = Atomic(0)
        let fails = Atomic(false)
        let hangs = Atomic(false)

        @Sendable func lookup(_ host: String) -> NameResolver.Answer {
            asked.add(1, ordering: .sequentiallyConsistent)
            while hangs.load(ordering: .sequentiallyConsistent) { usleep(1000) }
            if fails.load(ordering: .sequentiallyConsistent) {
                return .failure(NameResolver.LookupFailure(reason: "it failed"))
            }
            return NameResolver.systemLookup("127.0.0.9")
        }

        var count: Int { asked.load(ordering: .sequentiallyConsistent) }
    }

    @Test(arguments: [("127.0.0.1", "127.0.0.1:389"), ("::1", "[::1]:389")])
    func numbersAreAddresses(host: String, expected: String) async throws {
        let found = try await NameResolver().addresses(of: host, port: 389, deadline: .after(5), on: poller)
        #expect(found.map(\.description) == [expected])
    }

    @Test func aNameNobodyHasIsAnError() async throws {
        let error = await failure { () async throws(LDAPError) in
            try await NameResolver().addresses(of: "no such name.invalid", port: 389, deadline: .after(10), on: poller)
        }
        #expect(error?.code == .nameResolution)
        #expect(error?.message.contains("no such name.invalid") == true)
    }

    @Test func anAnswerIsUsedAgain() async throws {
        let names = Names()
        let resolver = NameResolver(lookup: names.lookup)
        for port in [389, 636] {
            let found = try await resolver.addresses(of: "ldap", port: port, deadline: .after(5), on: poller)
            #expect(found.map(\.description) == ["127.0.0.9:\(port)"])
        }
        #expect(names.count == 1)
    }

    @Test func manyCallersShareOneLookUp() async throws {
        let names = Names()
        names.hangs.store(true, ordering: .sequentiallyConsistent)
        let resolver = NameResolver(lookup: names.lookup)
        let tasks = (0..<50).map { _ in
            Task { try await resolver.addresses(of: "ldap", port: 1, deadline: .after(10), on: poller) }
        }
        #expect(await eventually { names.count == 1 })
        try await Task.sleep(for: .milliseconds(30))
        names.hangs.store(false, ordering: .sequentiallyConsistent)
        for task in tasks { #expect(try await task.value.count == 1) }
        #expect(names.count == 1)
    }

    @Test func anOldAnswerIsBetterThanNone() async throws {
        let names = Names()
        let resolver = NameResolver(freshness: .zero, lookup: names.lookup)
        _ = try await resolver.addresses(of: "ldap", port: 1, deadline: .after(5), on: poller)
        names.fails.store(true, ordering: .sequentiallyConsistent)
        let afterFailure = try await resolver.addresses(of: "ldap", port: 1, deadline: .after(5), on: poller)
        #expect(afterFailure.count == 1)
        #expect(names.count == 2)
        names.hangs.store(true, ordering: .sequentiallyConsistent)
        let begun = ContinuousClock.now
        let afterSilence = try await resolver.addresses(of: "ldap", port: 1, deadline: .after(0.1), on: poller)
        #expect(afterSilence.count == 1)
        #expect(ContinuousClock.now - begun < .seconds(5))
        names.hangs.store(false, ordering: .sequentiallyConsistent)
    }

    @Test func aHangingNameServiceIsWaitedForUntilTheDeadline() async throws {
        let names = Names()
        names.hangs.store(true, ordering: .sequentiallyConsistent)
        defer { names.hangs.store(false, ordering: .sequentiallyConsistent) }
        let resolver = NameResolver(lookup: names.lookup)
        for _ in 0..<3 {
            let error = await failure { () async throws(LDAPError) in
                try await resolver.addresses(of: "ldap", port: 1, deadline: .after(0.05), on: poller)
            }
            #expect(error?.code == .nameResolution)
        }
        // The first is still on its way: no second thread is spent on the name.
        #expect(await eventually { names.count == 1 })
    }

    @Test func theLateAnswerIsKept() async throws {
        let names = Names()
        names.hangs.store(true, ordering: .sequentiallyConsistent)
        let resolver = NameResolver(lookup: names.lookup)
        _ = await failure { () async throws(LDAPError) in
            try await resolver.addresses(of: "ldap", port: 1, deadline: .after(1), on: poller)
        }
        names.hangs.store(false, ordering: .sequentiallyConsistent)
        #expect(try await resolver.addresses(of: "ldap", port: 1, deadline: .after(5), on: poller).count == 1)
        #expect(names.count == 1)
    }
}
