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
        let reading = try await read()
        do {
            try adopt(reading, by: held)
            return .done
        } catch  where error.code == .unreadable {
            guard try await Self.check(held, store) != held.checkValue else { throw error }
        }
        do {
            try await reload(by: try await follow(held))
            return .done
        } catch  where error.code == .masterKey {
            func face(_ keys: [StoredKey]) -> Set<String> { Set(keys.map { "\($0.phase.rawValue) \($0.id)" }) }
            guard face(reading.keys) == face(storedKeys) else { throw error }
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
        // An access token, mostly.
        guard RefreshToken.mayBe(text) else { return nil }
        if let token = readRefreshToken(text) { return token }
        guard let id = RefreshToken.keyID(text), snapshot.refreshKeys[id] == nil else { return nil }
        try await look()
        return readRefreshToken(text)
    }

    /// Reads the keys, unless that was done a moment ago. Who comes meanwhile waits for the same answer: that a key is
    /// unknown may be said only by who could look.
    private func look() async throws(KeyError) {
        let reading = state.withLock { state in
            let now = ContinuousClock.now
            if let look = state.look, now < look.begun + Self.patience { return look.reading }
            let reading = Task { () -> Result<Void, KeyError> in
                do throws(KeyError) {
                    try await reload()
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            state.look = (now, reading)
            return reading
        }
        try await reading.value.get()
    }
}
