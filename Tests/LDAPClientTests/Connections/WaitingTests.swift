import Glibc
import LDAPClient
import Synchronization
import TestSupport
import Testing

/// Who came when.
private actor Order {
    private(set) var numbers: [Int] = []

    func add(_ number: Int) { numbers.append(number) }
}

/// Holds a scripted server's answers back until it is opened.
private final class Gate: Sendable {
    private let isOpen = Atomic(false)

    func open() { isOpen.store(true, ordering: .sequentiallyConsistent) }

    func pass(_ octets: [UInt8]) -> [UInt8] {
        while !isOpen.load(ordering: .sequentiallyConsistent) { usleep(1000) }
        return octets
    }
}

/// Deadlines, cancellation and queues.
@Suite struct WaitingTests {
    private let dn = SampleDirectory().dn(of: "alice")
    private let root = SearchRequest(base: "", scope: .base)

    /// An abandon request (RFC 4511 §4.11) for a message number below 128.
    private func abandons(_ octets: [UInt8]) -> Int {
        zip(octets.indices, octets).count { index, octet in
            octet == 0x50 && index + 2 < octets.count && octets[index + 1] == 1 && index >= 5
                && octets[index - 5] == 0x30
        }
    }

    @Test func aDeadlineAbandonsTheSearch() async throws {
        let fake = try TCPFake.start(.script([.readMessage, .reply { LDAPReply.searchDone(to: $0) }]))
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(30))
        _ = try await host.search(root, deadline: .after(20))
        let begun = ContinuousClock.now
        let error = await failure { () async throws(LDAPError) in try await host.search(root, deadline: .after(2)) }
        #expect(error?.code == .timeout)
        #expect(error?.requestWasWritten == true)
        #expect(ContinuousClock.now - begun < .seconds(20))
        #expect(await eventually { abandons(fake.received) == 1 })
        await host.shutdown()
    }

    @Test func aServerThatTakesConnectionsAndSaysNothingIsNotCalledBusy() async throws {
        let slapd = try await Slapd.start()
        slapd.pause()
        let host = try Rig().host(slapd.url, operationTimeout: .seconds(1)) { $0.useServiceAccount(of: slapd) }
        let error = await failure { () async throws(LDAPError) in try await host.search(root, deadline: .after(20)) }
        #expect(error?.code == .timeout)
        #expect(error?.description.contains("no answer in time") == true, "\(String(describing: error))")
        await host.shutdown()
        slapd.resume()
        await slapd.stop()
    }

    @Test func aCancelledSearchIsAbandonedAndTheConnectionKept() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url) { $0.serviceConnections = 1 }
        _ = try await host.search(root, deadline: .after(20))
        slapd.pause()
        let task = Task {
            await failure { () async throws(LDAPError) in try await host.search(root, deadline: .after(60)) }
        }
        #expect(await eventually { await host.statistics.serviceInFlight == 1 })
        task.cancel()
        #expect(await task.value?.code == .cancelled)
        slapd.resume()
        let found = try await host.search(root, deadline: .after(20))
        #expect(found.entries.count == 1)
        #expect(await host.statistics.dials == 1)
        await host.shutdown()
    }

    @Test func aCancelledBindGivesItsConnectionUp() async throws {
        let fake = try TCPFake.start(.silent)
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(60))
        let task = Task {
            await failure { () async throws(LDAPError) in
                try await host.bind(dn: dn, password: Secret("x"), deadline: .after(60))
            }
        }
        #expect(await eventually { fake.received.isEmpty == false })
        task.cancel()
        let error = await task.value
        #expect(error?.code == .cancelled)
        #expect(error?.requestWasWritten == true)
        #expect(await eventually { await host.statistics.bindOpen == 0 })
        await host.shutdown()
    }

    @Test func thoseWhoWaitAreServedInOrderOrTurnedAway() async throws {
        // One connection on which no bind is answered before the gate opens.
        let gate = Gate()
        let step: [TCPFake.Step] = [.readMessage, .reply { gate.pass(LDAPReply.bind(to: $0)) }]
        let fake = try TCPFake.start(.script(Array(repeating: step, count: 10).flatMap { $0 }))
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)") {
            $0.bindConnections = 1
            $0.waiterLimit = 2
        }
        let order = Order()
        var tasks: [Task<LDAPError?, Never>] = []
        for number in 0..<3 {
            tasks.append(
                Task { [dn] in
                    await failure { () async throws(LDAPError) in
                        _ = try await host.bind(dn: dn, password: Secret("x"), deadline: .after(30))
                        await order.add(number)
                    }
                }
            )
            // Number 0 must have the connection, and each later one its place, before the next comes.
            #expect(
                await eventually {
                    let now = await host.statistics
                    return now.bindInUse == 1 && now.bindWaiting == number
                }
            )
        }
        let turnedAway = await failure { () async throws(LDAPError) in
            try await host.bind(dn: dn, password: Secret("x"), deadline: .after(30))
        }
        #expect(turnedAway?.code == .overloaded)
        gate.open()
        for task in tasks { #expect(await task.value == nil) }
        #expect(Set(await order.numbers) == [0, 1, 2])
        #expect(fake.connections == 1)
        await host.shutdown()
    }

    @Test func aWaiterHasADeadline() async throws {
        let fake = try TCPFake.start(.silent)
        let host = try Rig().host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(30)) {
            $0.bindConnections = 1
        }
        let first = Task { [dn] in
            await failure { () async throws(LDAPError) in
                try await host.bind(dn: dn, password: Secret("x"), deadline: .after(30))
            }
        }
        #expect(await eventually { await host.statistics.bindInUse == 1 })
        let error = await failure { () async throws(LDAPError) in
            try await host.bind(dn: dn, password: Secret("x"), deadline: .after(0.2))
        }
        #expect(error?.code == .timeout)
        #expect(error?.requestWasWritten == false)
        await host.shutdown()
        #expect(await first.value?.code == .shutDown)
    }

    @Test func theFirstSearchesShareOneDial() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url) { $0.serviceConnections = 1 }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask { try await host.search(root, deadline: .after(20)).entries.count }
            }
            for try await count in group { #expect(count == 1) }
        }
        #expect(await host.statistics.dials == 1)
        await host.shutdown()
    }

    @Test func aSecondConnectionComesWithTheLoad() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url) { $0.serviceConnections = 3 }
        _ = try await host.search(root, deadline: .after(20))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<300 { group.addTask { _ = try await host.search(root, deadline: .after(20)) } }
            try await group.waitForAll()
        }
        #expect((2...3).contains(await host.statistics.dials))
        #expect(await eventually { await host.statistics.serviceOpen == Int(await host.statistics.dials) })
        await host.shutdown()
    }

    @Test func requestsLargerThanTheSocketAreWrittenInTurn() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url, operationTimeout: .seconds(20)) { $0.serviceConnections = 1 }
        _ = try await host.search(root, deadline: .after(20))
        // While the server is frozen, 60 requests of 200 KB fill the socket's buffers and one is cut in the middle.
        slapd.pause()
        let value = [UInt8](repeating: UInt8(ascii: "x"), count: 200_000)
        let large = SearchRequest(
            base: "dc=example,dc=org",
            scope: .base,
            filter: .equal(attribute: "cn", value: value)
        )
        let tasks = (0..<60).map { _ in
            Task { await failure { () async throws(LDAPError) in try await host.search(large, deadline: .after(20)) } }
        }
        #expect(await eventually { await host.statistics.serviceInFlight == 60 })
        // Those given up meanwhile must not tear what is half written.
        for task in tasks[20..<40] { task.cancel() }
        for task in tasks[20..<40] { #expect(await task.value?.code == .cancelled) }
        slapd.resume()
        for task in tasks[..<20] + tasks[40...] { #expect(await task.value == nil) }
        #expect(try await host.search(root, deadline: .after(20)).entries.count == 1)
        #expect(await host.statistics.losses == 0)
        await host.shutdown()
    }

    @Test func shutdownEndsEverything() async throws {
        let fake = try TCPFake.start(.silent)
        let hole = try TCPFake.start(.blackHole)
        let rig = try Rig()
        let hosts = [
            try rig.host("ldap://127.0.0.1:\(fake.port)", operationTimeout: .seconds(60)),
            try rig.host("ldaps://127.0.0.1:\(fake.port)", connectTimeout: .seconds(60)),
            try rig.host("ldap://127.0.0.1:\(hole.port)", connectTimeout: .seconds(60)),
        ]
        let tasks = hosts.flatMap { host in
            [
                Task {
                    await failure { () async throws(LDAPError) in try await host.search(root, deadline: .after(60)) }
                },
                Task {
                    await failure { () async throws(LDAPError) in
                        _ = try await host.bind(dn: dn, password: Secret("x"), deadline: .after(60))
                    }
                },
            ]
        }
        #expect(await eventually { fake.connections == 4 })
        let begun = ContinuousClock.now
        for host in hosts { await host.shutdown() }
        for task in tasks { #expect(await task.value?.code == .shutDown) }
        #expect(ContinuousClock.now - begun < .seconds(20))
        for host in hosts {
            let after = await failure { () async throws(LDAPError) in try await host.search(root, deadline: .after(20))
            }
            #expect(after?.code == .shutDown)
        }
    }
}
