internal import Authentication
internal import FoundationEssentials
internal import Synchronization
internal import Tokens

/// One session and the keys, in memory: what stands in for SQL, so that it costs next to nothing.
final class MemoryStore: KeyStore, SessionStore, PeopleStore {
    let hasOtherNodes = false
    private struct State {
        var keys: [StoredKey] = []
        var masterKeyCheck: [UInt8]?
        var session: Session?
        var number: Int32 = 0
    }

    private let state = Mutex(State())

    func keys() async throws(StoreError) -> [StoredKey] { state.withLock { $0.keys } }

    func replaceKeys(
        expected: [StoredKey],
        with keys: [StoredKey],
        removed: [String],
        masterKey: [UInt8]
    ) async throws(StoreError) -> KeySwap {
        state.withLock { state in
            let changed = Set(keys.map(\.id)).union(removed)
            state.keys = state.keys.filter { !changed.contains($0.id) } + keys
        }
        return .done
    }

    func rewrapKeys(_ keys: [StoredKey], from old: [UInt8], to new: [UInt8]) async throws(StoreError) -> KeySwap {
        state.withLock { state in
            state.keys = keys
            state.masterKeyCheck = new
        }
        return .done
    }

    func masterKeyCheck(orStore value: [UInt8]) async throws(StoreError) -> [UInt8] {
        state.withLock { state in
            let check = state.masterKeyCheck ?? value
            state.masterKeyCheck = check
            return check
        }
    }

    func open(_ session: Session) async throws(StoreError) -> Session {
        state.withLock { state in
            state.number &+= 1
            var session = session
            session.userID = 42
            session.number = state.number
            state.session = session
            return session
        }
    }

    func session(_ id: UUID) async throws(StoreError) -> Session? {
        state.withLock { state in state.session?.id == id ? state.session : nil }
    }

    func rotate(_ rotation: Rotation) async throws(StoreError) -> Session? {
        state.withLock { state in
            guard var session = state.session, session.id == rotation.session,
                session.generation == rotation.generation
            else { return nil }
            session.generation &+= 1
            session.rotatedAt = rotation.now
            if let idleEnd = rotation.idleEnd { session.idleEnd = idleEnd }
            state.session = session
            return session
        }
    }

    func newestSession(
        of key: IdentityKey,
        client: String,
        kind: Session.Kind,
        now: Timestamp
    ) async throws(StoreError) -> Session? { nil }

    func reauthenticate(_ id: UUID, identity: Identity, now: Timestamp) async throws(StoreError) -> Session? { nil }

    func end(_ selection: SessionSelection, now: Timestamp) async throws(StoreError) -> Int { 0 }

    func userID(of identity: Identity, now: Timestamp) async throws(StoreError) -> Int32 { 42 }

    func sessions(of key: IdentityKey, now: Timestamp, limit: Int) async throws(StoreError) -> [Session] {
        state.withLock { state in state.session.map { [$0] } ?? [] }
    }

    func session(number: Int32) async throws(StoreError) -> Session? {
        state.withLock { state in state.session?.number == number ? state.session : nil }
    }
}
