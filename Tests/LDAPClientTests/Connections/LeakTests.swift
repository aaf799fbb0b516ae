import EventPoller
import Glibc
import LDAPClient
import TestSupport
import Testing

/// In a process of its own, because descriptors are counted.
@Suite struct LeakTests {
    @Test func aThousandFaultsLeaveNoDescriptorBehind() async throws {
        await #expect(processExitsWith: .success) {
            let rig = try Rig()
            let faults = Fault.all
            let dn = SampleDirectory().dn(of: "alice")

            @Sendable func run(_ fault: Fault, _ count: Int) async throws {
                let fake = try TCPFake.start(fault.behaviour)
                let host = try fault.host(rig, fake.port, timeout: .milliseconds(150))
                await withDiscardingTaskGroup { group in
                    for round in 0..<count {
                        group.addTask {
                            _ = await failure { () async throws(LDAPError) in
                                if round % 2 == 0 {
                                    _ = try await host.bind(dn: dn, password: Secret("x"), deadline: .after(2))
                                } else {
                                    _ = try await host.search(SearchRequest(base: ""), deadline: .after(2))
                                }
                            }
                        }
                    }
                }
                await host.shutdown()
                fake.stop()
            }
            func runAll(_ count: Int) async throws {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for fault in faults { group.addTask { try await run(fault, count) } }
                    try await group.waitForAll()
                }
            }
            // The first round makes what is made once, such as the sockets of libldap's TLS library.
            try await runAll(2)
            #expect(await eventually { rig.pool.running == 0 })
            let before = openSockets()
            try await runAll(46)
            #expect(await eventually { rig.pool.running == 0 })
            #expect(await eventually { openSockets().count <= before.count }, "\(before), then \(openSockets())")
        }
    }
}

/// The sockets this process has open; pollers, timers and pipes belong to libraries that make them when they need them.
private func openSockets() -> [String] {
    (0..<1024).compactMap { number in
        var buffer = [CChar](repeating: 0, count: 256)
        let count = readlink("/proc/self/fd/\(number)", &buffer, 255)
        guard count > 0 else { return nil }
        let target = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        return target.hasPrefix("socket:") ? "\(number) \(target)" : nil
    }
}
