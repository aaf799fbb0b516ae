import Authentication
import Storage
import Testing

@Suite("Offline entries, on every backend")
struct OfflineConformanceTests {
    private func entry(_ name: String, _ id: String, expires: Int64 = 60) -> OfflineEntry {
        var identity = person(id)
        identity.host = nil
        return OfflineEntry(name: name, identity: identity, hash: "$argon2id$x", expiresAt: now + .seconds(expires))
    }

    @Test("An entry comes back as it was kept, the latest of its name", arguments: Backend.allCases)
    func keeping(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let first = entry("alice", "a")
            let source = first.identity.key.source
            #expect(try await store.offlineEntry(source, name: "alice") == nil)
            try await store.keep(first)
            #expect(try await store.offlineEntry(source, name: "alice") == first)
            #expect(try await store.offlineEntry(SourceID(99), name: "alice") == nil)
            #expect(try await store.offlineEntry(source, name: "Alice") == nil)
            let second = entry("alice", "b", expires: 120)
            try await store.keep(second)
            #expect(try await store.offlineEntry(source, name: "alice") == second)
            try await store.keep(entry("nul\0", "a"))
            #expect(try await store.offlineEntry(source, name: "nul\0") == nil)
        }
    }

    @Test("A name and a person are forgotten, with all names of theirs", arguments: Backend.allCases)
    func forgetting(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            let source = person("a").key.source
            func names() async throws -> [String] {
                var found: [String] = []
                for name in ["one", "two", "three"] {
                    if try await store.offlineEntry(source, name: name) != nil { found.append(name) }
                }
                return found
            }
            for (name, id) in [("one", "a"), ("two", "a"), ("three", "b")] { try await store.keep(entry(name, id)) }
            try await store.forgetOffline(source, name: nil, person: nil)
            try await store.forgetOffline(source, name: "nobody\0", person: person("c").key)
            #expect(try await names() == ["one", "two", "three"])
            try await store.forgetOffline(source, name: nil, person: person("a").key)
            #expect(try await names() == ["three"])
            try await store.forgetOffline(SourceID(99), name: "three", person: nil)
            #expect(try await names() == ["three"])
            try await store.forgetOffline(source, name: "three", person: nil)
            #expect(try await names().isEmpty)
        }
    }

    @Test("What has expired goes", arguments: Backend.allCases)
    func purging(_ backend: Backend) async throws {
        try await backend.withStore { (store) async throws in
            try await store.keep(entry("one", "a", expires: 10))
            try await store.keep(entry("two", "b", expires: 20))
            try await store.purgeOffline(before: now + .seconds(15))
            let source = person("a").key.source
            #expect(try await store.hasOfflineEntry(source, now: now + .seconds(19)))
            #expect(try await !store.hasOfflineEntry(source, now: now + .seconds(20)))
            #expect(try await !store.hasOfflineEntry(SourceID(99), now: now))
            #expect(try await store.offlineEntry(source, name: "one") == nil)
            #expect(try await store.offlineEntry(source, name: "two") != nil)
        }
    }
}
