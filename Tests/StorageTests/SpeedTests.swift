import Storage
import Testing
import Tokens

@Suite("Speed, printed only")
struct SpeedTests {
    @Test("Logins per second from 64 tasks", arguments: Backend.allCases)
    func opens(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let start = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<64 {
                    group.addTask {
                        for _ in 0..<30 { _ = try await store.open(session(person("p\(task)"))) }
                    }
                }
                try await group.waitForAll()
            }
            let seconds = start.duration(to: .now) / .seconds(1)
            let statistics = store.statistics()
            #expect(statistics.writes >= 64 * 30)
            let average = Double(statistics.writes) / Double(statistics.batches)
            print(
                "\(backend): \(Int(1920 / seconds)) open()/s from 64 tasks, \(statistics.batches) transactions, "
                    + "\((average * 10).rounded() / 10) writers each, the largest \(statistics.largestBatch)"
            )
        }
    }
}
