import Authentication
import Glibc
import Testing

@testable import Observability

@Suite struct ServiceManagerTests {
    func manager(_ socket: String?, watchdog: Int? = nil) -> ServiceManager {
        var variables: [String: String] = [:]
        variables["NOTIFY_SOCKET"] = socket
        variables["WATCHDOG_USEC"] = watchdog.map(String.init)
        return ServiceManager(ServiceEnvironment(variables, process: getpid()))
    }

    @Test(arguments: ["@ldapauthd-test-", "/tmp/ldapauthd-test-"])
    func messagesArriveAsSystemdWantsThem(_ prefix: String) async throws {
        let socket = try DatagramSocket(prefix + "\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
        let manager = manager(socket.name)
        #expect(manager.isPresent)
        func next() async -> String {
            await socket.next().map { String(decoding: $0, as: UTF8.self) } ?? "nothing came"
        }

        #expect(await manager.ready(status: "corp up"))
        #expect(await next() == "READY=1\nSTATUS=corp up")
        #expect(await manager.status("corp down\nREADY=1"))
        #expect(await next() == "STATUS=corp down\\nREADY=1", "a status cannot smuggle in another message")
        #expect(await manager.stopping(within: .seconds(90)))
        #expect(await next() == "STOPPING=1\nEXTEND_TIMEOUT_USEC=90000000")
        #expect(await manager.alive())
        #expect(await next() == "WATCHDOG=1")

        #expect(await manager.reloading())
        let reloading = await next().split(separator: "\n")
        #expect(reloading.first == "RELOADING=1")
        let microseconds = try #require(reloading.last?.split(separator: "=").last.flatMap { Int64($0) })
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        let now = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
        #expect(reloading.last?.hasPrefix("MONOTONIC_USEC=") == true)
        #expect(microseconds <= now && microseconds > now - 60_000_000)
    }

    @Test(arguments: [
        nil, "", "relative/path", "vsock:2:1", "/nowhere/at/all", "@nobody-listens",
        "/" + String(repeating: "x", count: 200),
    ])
    func withoutAListenerNothingHappens(_ socket: String?) async {
        #expect(await !manager(socket).ready(status: "x"))
    }

    @Test func signsOfLifeComeAtHalfTheIntervalAndOnlyWhileAllIsWell() async throws {
        let socket = try DatagramSocket("@ldapauthd-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))")
        let well = manager(socket.name, watchdog: 40_000)
        #expect(well.watchdog == .milliseconds(40))
        let task = Task { await well.keepAlive { true } }
        for _ in 0..<3 { #expect(await socket.next() == Array("WATCHDOG=1".utf8)) }
        task.cancel()
        await task.value
        while !socket.isEmpty { _ = socket.receive() }

        let ill = Task { await well.keepAlive { false } }
        try await Task.sleep(for: .milliseconds(200))
        ill.cancel()
        await ill.value
        #expect(socket.isEmpty)

        await manager(socket.name).keepAlive { true }
        #expect(socket.isEmpty, "nobody asked for signs of life")
    }

    @Test(
        arguments: [
            ([:], nil),
            (["WATCHDOG_USEC": "30000000"], .seconds(30)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"], .seconds(30)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"], nil),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "x"], nil),
            (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "-5"], nil),
            (["WATCHDOG_USEC": "soon"], nil),
        ] as [([String: String], Duration?)]
    )
    func watchdogIntervals(_ variables: [String: String], _ interval: Duration?) {
        #expect(ServiceEnvironment(variables, process: 77).watchdog == interval)
    }

    @Test(
        arguments: [
            ([:], []),
            (["LISTEN_PID": "77", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "http:admin"], ["3 http", "4 admin"]),
            (["LISTEN_PID": "77", "LISTEN_FDS": "2"], ["3 unknown", "4 unknown"]),
            (["LISTEN_PID": "77", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "http"], ["3 http", "4 unknown"]),
            (["LISTEN_PID": "77", "LISTEN_FDS": "2", "LISTEN_FDNAMES": ":admin:more"], ["3 unknown", "4 admin"]),
            (["LISTEN_PID": "78", "LISTEN_FDS": "2"], []),
            (["LISTEN_FDS": "2"], []),
            (["LISTEN_PID": "77", "LISTEN_FDS": "0"], []),
            (["LISTEN_PID": "77", "LISTEN_FDS": "-1"], []),
            (["LISTEN_PID": "77", "LISTEN_FDS": "2147483647"], []),
            (["LISTEN_PID": "77", "LISTEN_FDS": "many"], []),
        ] as [([String: String], [String])]
    )
    func socketsHandedOver(_ variables: [String: String], _ sockets: [String]) {
        let environment = ServiceEnvironment(variables, process: 77)
        #expect(environment.sockets.map { "\($0.descriptor) \($0.name)" } == sockets)
    }

    // On a dictionary: the variables of a process with threads must not be changed (setenv(3)).
    @Test func theVariablesAreReadOnceAndUnset() {
        var variables = [
            "NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "77", "LISTEN_PID": "77",
            "LISTEN_PIDFDID": "5", "LISTEN_FDS": "1", "LISTEN_FDNAMES": "http", "JOURNAL_STREAM": "8:9", "PATH": "/bin",
        ]
        func takeOver() -> ServiceEnvironment {
            .takeOver(process: 77, read: { variables[$0] }, unset: { variables[$0] = nil })
        }
        let first = takeOver()
        #expect(first.notifySocket == "@x")
        #expect(first.watchdog == .seconds(20))
        #expect(first.sockets == [InheritedSocket(descriptor: 3, name: "http")])
        #expect(first.journalStream == "8:9")
        #expect(variables == ["JOURNAL_STREAM": "8:9", "PATH": "/bin"])
        let second = takeOver()
        #expect(second.notifySocket == nil && second.watchdog == nil && second.sockets.isEmpty)
    }
}
