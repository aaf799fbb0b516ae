import EventPoller
import PostgresClient
import TestSupport
import Testing

@Suite("LISTEN and NOTIFY")
struct ListenerTests {
    @Test("Notifications arrive, also after the connection was lost; close ends the sequence")
    func listen() async throws {
        try await Setting.shared { client in
            let poller = try EventPoller(name: "listener")
            let blocking = BlockingPool(name: "listener", threads: 2, queueLimit: 4)
            let url = try await PostgresServer.shared().url
            let configuration = try PostgresConfiguration(url, applicationName: "listener-test")
            let listener = PostgresListener(
                ["one \"odd\" channel", "two"],
                configuration,
                poller: poller,
                blocking: blocking,
                logger: .silent
            )
            let watch = Task {
                try await Task.sleep(for: .seconds(30))
                await listener.close()
            }
            var events = listener.makeAsyncIterator()
            #expect(await events.next() == .listening)
            let notify = "SELECT pg_notify($1, $2)"
            _ = try await client.query(notify, [.text("two"), .text("Ü")], deadline: soon)
            _ = try await client.query(notify, [.text("unheard"), .text("")], deadline: soon)
            _ = try await client.query(notify, [.text("one \"odd\" channel"), .text("")], deadline: soon)
            guard case .notification(let first) = await events.next() else { return #expect(Bool(false)) }
            #expect(first.channel == "two" && first.payload == "Ü")
            guard case .notification(let second) = await events.next() else { return #expect(Bool(false)) }
            #expect(second.channel == "one \"odd\" channel" && second.payload == "")
            _ = try await client.query(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listener-test'",
                deadline: soon
            )
            #expect(await events.next() == .listening)
            _ = try await client.query(notify, [.text("two"), .text("again")], deadline: soon)
            guard case .notification(let third) = await events.next() else { return #expect(Bool(false)) }
            #expect(third.payload == "again")
            watch.cancel()
            await listener.close()
            #expect(await events.next() == nil)
        }
    }
}
