import Dispatch
import EventPoller
import Glibc
import LDAPClient
import TestSupport
import Testing

@Suite struct BindTests {
    private let sample = SampleDirectory()

    @Test func passwordsAreRightOrWrong() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        for person in sample.people {
            let dn = sample.dn(of: person)
            let right = try await host.bind(dn: dn, password: Secret(person.password), deadline: .after(20))
            #expect(right.resultCode == .success, "\(person.uid)")
            let wrong = try await host.bind(dn: dn, password: Secret("no"), deadline: .after(20))
            #expect(wrong.resultCode == .invalidCredentials)
        }
        await host.shutdown()
    }

    @Test func loginsUseOneConnectionAgain() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        let dn = sample.dn(of: "alice")
        for round in 0..<50 {
            let secret = Secret(round % 2 == 0 ? "alice-secret" : "wrong")
            let response = try await host.bind(dn: dn, password: secret, deadline: .after(20))
            #expect((response.resultCode == .success) == (round % 2 == 0))
        }
        #expect(await host.statistics.dials == 1)
        #expect(await eventually { slapd.bindRequests(dn: dn) == 50 })
        await host.shutdown()
    }

    @Test func manyLoginsAtOnceStayWithinTheLimit() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url) { $0.bindConnections = 4 }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    try await host.bind(
                        dn: SampleDirectory().dn(of: "bob"),
                        password: Secret("bob-secret"),
                        deadline: .after(20)
                    ).resultCode == .success
                }
            }
            for try await isIn in group { #expect(isIn) }
        }
        let statistics = await host.statistics
        #expect((1...4).contains(statistics.dials))
        #expect(statistics.bindInUse == 0)
        #expect(statistics.bindIdle == Int(statistics.dials))
        await host.shutdown()
    }

    /// Such a task lets others in wherever an actor's method awaits: also those who give back what it asks for.
    @Test func whoseTaskPrefersAnExecutorIsServedToo() async throws {
        let slapd = try await Slapd.start()
        let rig = try Rig()
        let host = try rig.host(slapd.url) { $0.bindConnections = 2 }
        let executor = QueueTaskExecutor()
        try await withThrowingTaskGroup(of: Void.self) { group in
            // One more than there are connections: the first to be given one is who has only just come.
            for _ in 0..<3 {
                group.addTask(executorPreference: executor) {
                    for _ in 0..<500 { try await host.withBindConnection(deadline: .after(5)) { _ in } }
                }
            }
            // What comes and what leaves meets in one turn of the poller when that was busy.
            group.addTask {
                for _ in 0..<500 {
                    rig.poller.perform { usleep(200) }
                    try await Task.sleep(for: .microseconds(300))
                }
            }
            try await group.waitForAll()
        }
        let statistics = await host.statistics
        #expect(statistics.bindInUse == 0 && statistics.bindWaiting == 0)
        await host.shutdown()
    }

    @Test func anEmptyPasswordIsNeverSent() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        let before = slapd.bindRequests()
        let error = await failure { () async throws(LDAPError) in
            try await host.bind(dn: sample.dn(of: "alice"), password: Secret(""), deadline: .after(20))
        }
        #expect(error?.code == .invalidArgument)
        #expect(error?.requestWasWritten == false)
        let zero = await failure { () async throws(LDAPError) in
            try await host.bind(dn: "uid=alice\0", password: Secret("x"), deadline: .after(20))
        }
        #expect(zero?.code == .invalidArgument)
        // A bind that is sent comes after, so that the count is complete.
        _ = try await host.bind(dn: sample.dn(of: "bob"), password: Secret("bob-secret"), deadline: .after(20))
        #expect(await eventually { slapd.bindRequests(dn: sample.dn(of: "bob")) == 1 })
        #expect(slapd.bindRequests() == before + 1)
        await host.shutdown()
    }

    @Test func passwordsAreOctets() async throws {
        let slapd = try await Slapd.start()
        let octets: [UInt8] = [0x00, 0xFF, 0x20, 0x2A, 0x28, 0x5C, 0xC3, 0x28]
        let base64 = "AP8gKihcwyg="
        try await slapd.modify(
            "dn: \(sample.dn(of: "alice"))\nchangetype: modify\nreplace: userPassword\nuserPassword:: \(base64)\n"
        )
        let host = try Rig().host(slapd.url)
        let response = try await host.bind(
            dn: sample.dn(of: "alice"),
            password: Secret(octets: octets),
            deadline: .after(20)
        )
        #expect(response.resultCode == .success)
        await host.shutdown()
    }

    @Test func controlsComeBack() async throws {
        var options = Slapd.Options()
        options.passwordPolicy = ["pwdMaxFailure": "2", "pwdLockout": "TRUE"]
        options.policyTellsLockout = true
        let slapd = try await Slapd.start(options)
        let host = try Rig().host(slapd.url)
        var last: BindResponse?
        for _ in 0..<3 {
            last = try await host.bind(
                dn: sample.dn(of: "alice"),
                password: Secret("wrong"),
                deadline: .after(20)
            )
        }
        #expect(last?.resultCode == .invalidCredentials)
        #expect(last?.controls.contains { $0.oid == "1.3.6.1.4.1.42.2.27.8.5.1" && $0.value?.isEmpty == false } == true)
        let without = try await host.bind(
            dn: sample.dn(of: "alice"),
            password: Secret("wrong"),
            controls: [],
            deadline: .after(20)
        )
        #expect(without.controls.isEmpty)
        await host.shutdown()
    }

    @Test func aLeaseSearchesAsThePersonBound() async throws {
        var options = Slapd.Options()
        options.anonymousMayRead = false
        let slapd = try await Slapd.start(options)
        let host = try Rig().host(slapd.url) { $0.bindConnections = 1 }
        let own = SearchRequest(base: sample.dn(of: "alice"), scope: .base, attributes: ["mail"])
        let mail = try await host.withBindConnection(deadline: .after(20)) { lease throws(LDAPError) in
            let bind = try await lease.simpleBind(
                dn: sample.dn(of: "alice"),
                password: Secret("alice-secret"),
                controls: [],
                deadline: .after(20)
            )
            #expect(bind.resultCode == .success)
            return try await lease.search(own, deadline: .after(20)).entries.first?.text("mail")
        }
        #expect(mail == "alice@example.org")
        await host.shutdown()
    }

    @Test func aLeaseDoesNotInheritAnIdentity() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url) { $0.bindConnections = 1 }
        _ = try await host.bind(dn: sample.dn(of: "alice"), password: Secret("alice-secret"), deadline: .after(20))
        let before = await failure { () async throws(LDAPError) in
            try await host.withBindConnection(deadline: .after(20)) { lease throws(LDAPError) in
                try await lease.search(SearchRequest(base: ""), deadline: .after(20))
            }
        }
        #expect(before?.code == .invalidArgument)
        let refused = await failure { () async throws(LDAPError) in
            try await host.withBindConnection(deadline: .after(20)) { lease throws(LDAPError) in
                _ = try await lease.simpleBind(
                    dn: sample.dn(of: "alice"),
                    password: Secret("wrong"),
                    controls: [],
                    deadline: .after(20)
                )
                return try await lease.search(SearchRequest(base: ""), deadline: .after(20))
            }
        }
        #expect(refused?.code == .invalidArgument)
        await host.shutdown()
    }

    @Test func aLeaseKeptTooLongIsOver() async throws {
        let slapd = try await Slapd.start()
        let host = try Rig().host(slapd.url)
        let escaped = try await host.withBindConnection(deadline: .after(20)) { lease throws(LDAPError) in
            _ = try await lease.simpleBind(
                dn: sample.dn(of: "alice"),
                password: Secret("alice-secret"),
                controls: [],
                deadline: .after(20)
            )
            return lease
        }
        let error = await failure { () async throws(LDAPError) in
            try await escaped.search(SearchRequest(base: ""), deadline: .after(20))
        }
        #expect(error?.code == .invalidArgument)
        await host.shutdown()
    }
}

/// Runs tasks on a queue of its own, as an event loop runs those of its requests.
private final class QueueTaskExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "test")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
