internal import Authentication

/// Carries out a `KeyPlan` on the store.
struct KeyMaker: Sendable {
    let masterKey: MasterKey
    let pool: any WorkPool

    /// Plans and swaps until no other process was quicker; returns the keys as they then are, oldest first.
    func update(
        _ store: any KeyStore,
        _ policy: KeyPolicy,
        _ clock: any WallClock,
        _ trigger: KeyPlan.Trigger
    ) async throws(KeyError) -> [StoredKey] {
        // Each round that fails is another process that went forward, so a few are enough.
        for _ in 0..<10 {
            let stored = try await keys(store)
            let now = clock.now()
            let plan = KeyPlan(keys: stored, policy: policy, now: now, trigger: trigger)
            if plan.isEmpty { return stored }
            var changes = plan.changed
            for order in plan.orders {
                changes.append(try await make(order, policy.algorithm, now))
            }
            if try await replace(store, stored, changes, plan.removed) { return try await keys(store) }
        }
        throw KeyError(.busy, "Other processes keep changing the keys of this store.")
    }

    private func make(
        _ order: KeyPlan.Order,
        _ algorithm: SigningAlgorithm,
        _ now: Timestamp
    ) async throws(KeyError) -> StoredKey {
        let id: String
        let secret: [UInt8]
        switch order.use {
        case .sign:
            let key = try await generate(algorithm)
            id = key.id
            secret = key.representation
        case .refresh:
            let key = RefreshKey()
            id = key.storedID
            secret = key.representation
        }
        return StoredKey(
            id: id,
            use: order.use,
            algorithm: order.use == .sign ? algorithm.rawValue : "HS256",
            phase: order.phase,
            wrapped: try masterKey.wrap(secret, id: id, use: order.use),
            createdAt: now,
            activatedAt: order.phase == .current ? now : nil
        )
    }

    private func generate(_ algorithm: SigningAlgorithm) async throws(KeyError) -> SigningKey {
        let made: Result<SigningKey, KeyError>
        do {
            made = try await pool.run {
                do throws(KeyError) {
                    return .success(try SigningKey(generating: algorithm))
                } catch {
                    return .failure(error)
                }
            }
        } catch {
            throw KeyError(.busy, "No key could be made: too much work is waiting already.")
        }
        return try made.get()
    }

    private func keys(_ store: any KeyStore) async throws(KeyError) -> [StoredKey] {
        do {
            return try await store.keys()
        } catch {
            throw KeyError(error)
        }
    }

    private func replace(
        _ store: any KeyStore,
        _ expected: [StoredKey],
        _ keys: [StoredKey],
        _ removed: [String]
    ) async throws(KeyError) -> Bool {
        do {
            return try await store.replaceKeys(expected: expected, with: keys, removed: removed)
        } catch {
            throw KeyError(error)
        }
    }
}
