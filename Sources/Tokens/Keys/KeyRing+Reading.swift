internal import Authentication
internal import Synchronization

extension KeyRing {
    /// What came of reading the keys again.
    public enum Reading: Sendable, Hashable {
        /// They are as in the store.
        case done
        /// The master key was rotated elsewhere, and no file here holds the new one yet. The keys themselves are the
        /// ones this node has, so that it goes on; it cannot read a further one.
        case awaitsMasterKey
    }

    /// An unknown refresh key makes the store be asked so often at most.
    private static let patience = Duration.seconds(1)

    /// Reads the keys again, after another process changed them.
    ///
    /// - Throws: `.masterKey` when there is a new key that only the new master key opens, and that is not to be found;
    ///   `.unreadable`, `.store`.
    @discardableResult
    public func reload() async throws(KeyError) -> Reading {
        let held = masterKey
        let stored = try await read()
        do {
            try adopt(stored, by: held)
            return .done
        } catch  where error.code == .unreadable {
            guard try await Self.check(held, store) != held.checkValue else { throw error }
        }
        do {
            try await reload(by: try await follow(held))
            return .done
        } catch  where error.code == .masterKey {
            func face(_ keys: [StoredKey]) -> Set<String> { Set(keys.map { "\($0.phase.rawValue) \($0.id)" }) }
            guard face(stored) == face(storedKeys) else { throw error }
            return .awaitsMasterKey
        }
    }

    /// The same by a master key that is known to be the right one.
    func reload(by masterKey: MasterKey) async throws(KeyError) {
        try adopt(try await read(), by: masterKey)
    }

    /// The master key that took the place of `held`.
    func follow(_ held: MasterKey) async throws(KeyError) -> MasterKey {
        let check = try await Self.check(held, store)
        guard let found = masterKeys?.masterKey(check: check) else { throw .masterKeyAway }
        return found
    }

    /// Reads a refresh token; one of a key this node has not heard of yet makes it ask the store, at most once a second.
    ///
    /// - Returns: nil for whatever was not made with a key of this store.
    /// - Throws: when the store had to be asked and did not answer.
    func findRefreshToken(_ text: String) async throws(KeyError) -> RefreshToken? {
        if let token = readRefreshToken(text) { return token }
        guard let id = RefreshToken.keyID(text), mayLook(for: id) else { return nil }
        try await reload()
        return readRefreshToken(text)
    }

    private func mayLook(for id: UInt32) -> Bool {
        state.withLock { state in
            guard state.use.snapshot.refreshKeys[id] == nil else { return false }
            let now = ContinuousClock.now
            if let last = state.lookedAt, now < last + Self.patience { return false }
            state.lookedAt = now
            return true
        }
    }

    private func read() async throws(KeyError) -> [StoredKey] {
        do {
            return try await store.keys()
        } catch {
            throw KeyError(error)
        }
    }
}
