internal import Authentication
internal import FoundationEssentials
internal import Logging
internal import Storage
internal import Synchronization
internal import Tokens

/// Rows of sessions in SQLite, kept in memory: the statements, the values and the queue before the writer, without a disk.
let storeBenchmarks = [
    Benchmark("open-session") {
        let store = try await makeStore()
        return { keep(try await store.open(makeSession())) }
    },
    Benchmark("open-session-of-somebody-new") {
        let store = try await makeStore()
        return {
            var session = makeSession()
            session.identity.key = IdentityKey(source: session.identity.key.source, stableID: "\(session.id)")
            keep(try await store.open(session))
        }
    },
    Benchmark("read-session") {
        let store = try await makeStore()
        let session = try await store.open(makeSession())
        return { keep(try await store.session(session.id)) }
    },
    Benchmark("rotate-session") {
        let store = try await makeStore()
        let session = try await store.open(makeSession())
        let generation = Mutex(session.generation)
        return {
            let rotation = Rotation(
                session: session.id,
                generation: generation.withLock { $0 },
                now: session.createdAt,
                idleEnd: session.idleEnd,
                identity: nil
            )
            guard let rotated = try await store.rotate(rotation) else { throw NotRotated() }
            generation.withLock { $0 = rotated.generation }
        }
    },
]

private struct NotRotated: Error {}

private func makeStore() async throws -> SQLStore {
    let silent = Logger(label: "benchmarks") { _ in SwiftLogNoOpLogHandler() }
    return try await SQLStore.open(.sqliteMemory, readers: 1, logger: silent)
}

private func makeSession() -> Session {
    let now = SystemWallClock().now()
    return Session(
        id: UUID(),
        kind: .refreshable,
        identity: KnownPerson.identity,
        client: "web",
        scopes: ["read"],
        createdAt: now,
        idleEnd: now + .seconds(1800),
        hardEnd: now + .seconds(36000),
        address: "192.0.2.10",
        userAgent: "curl/7.88.1"
    )
}
