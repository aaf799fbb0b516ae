internal import Authentication

/// Carries out a `KeyPlan` on the store.
struct KeyMaker: Sendable {
    let masterKey: MasterKey
    let pool: any WorkPool

    /// Plans and swaps until no other process was quicker; returns the keys as they then are, oldest first.
    ///
    /// - Parameter read: reads the keys of `store`.
    /// - Throws: `.masterKey` when the store has been given another master key.
    func update(
        _ store: any KeyStore,
        _ policy: KeyPolicy,
        _ clock: any WallClock,
        _ trigger: KeyPlan.Trigger,
        removesRetired: Bool = true,
        read: () async throws(KeyError) -> KeyReading
    ) async throws(KeyError) -> KeyReading {
        // Each round that fails is another process that went forward, so a few are enough.
        for _ in 0..<10 {
            let reading = try await read()
            let now = clock.now()
            let plan = KeyPlan(
                keys: reading.keys,
                policy: policy,
                now: now,
                trigger: trigger,
                removesRetired: removesRetired
            )
            if plan.isEmpty { return reading }
            var changes = plan.changed
            for order in plan.orders {
                changes.append(try await make(order, policy, now))
            }
            let made = changes
            let swap = try await asking { () throws(StoreError) in
                try await store.replaceKeys(
                    expected: reading.keys,
                    with: made,
                    removed: plan.removed,
                    masterKey: masterKey.checkValue
                )
            }
            switch swap {
            case .done: return try await read()
            case .keysDiffer: continue
            case .masterKeyDiffers: throw .otherMasterKey
            }
        }
        throw KeyError(.busy, "Other processes keep changing the keys of this store.")
    }

    /// Wraps all keys by `new`, in one transaction of the store.
    func rewrap(_ store: any KeyStore, by new: MasterKey) async throws(KeyError) {
        for _ in 0..<10 {
            var keys = try await asking { () throws(StoreError) in try await store.keys() }
            for index in keys.indices {
                let key = keys[index]
                let secret = try masterKey.unwrap(key.wrapped, id: key.id, use: key.use)
                keys[index].wrapped = try new.wrap(secret, id: key.id, use: key.use)
            }
            let wrapped = keys
            let swap = try await asking { () throws(StoreError) in
                try await store.rewrapKeys(wrapped, from: masterKey.checkValue, to: new.checkValue)
            }
            switch swap {
            case .done: return
            case .keysDiffer: continue
            case .masterKeyDiffers: throw .otherMasterKey
            }
        }
        throw KeyError(.busy, "Other processes keep changing the keys of this store.")
    }

    private func make(
        _ order: KeyPlan.Order,
        _ policy: KeyPolicy,
        _ now: Timestamp
    ) async throws(KeyError) -> StoredKey {
        let id: String
        let secret: [UInt8]
        switch order.use {
        case .sign:
            let key = try await generate(policy.algorithm)
            id = key.id
            secret = key.representation
        case .refresh:
            let key = RefreshKey()
            id = key.storedID
            secret = key.representation
        }
        let isCurrent = order.phase == .current
        return StoredKey(
            id: id,
            use: order.use,
            algorithm: order.use == .sign ? policy.algorithm.rawValue : "HS256",
            phase: order.phase,
            wrapped: try masterKey.wrap(secret, id: id, use: order.use),
            createdAt: now,
            activatedAt: isCurrent ? now : nil,
            tokenLifetime: isCurrent ? policy.tokenLifetime(order.use) : .zero
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

    private func asking<Value>(
        _ question: () async throws(StoreError) -> Value
    ) async throws(KeyError) -> Value {
        do {
            return try await question()
        } catch {
            throw KeyError(error)
        }
    }
}
