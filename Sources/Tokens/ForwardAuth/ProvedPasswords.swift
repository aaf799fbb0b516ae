internal import Authentication
internal import Crypto
internal import Synchronization

/// A person whose password was proved.
struct ProvedPerson: Sendable {
    let identity: Identity
    let userID: Int32
}

/// Names and passwords proved a moment ago, so that a page with forty images is one bind.
///
/// Kept is an HMAC-SHA-256 under a key of this process, never the password; only passwords found right are remembered.
/// Equal questions that come while the first one is being asked wait for its answer, good or bad, instead of asking too.
final class ProvedPasswords: Sendable {
    typealias Answer = Result<ProvedPerson, Refusal>

    /// What stands for a name and its password.
    struct Key: Hashable, Sendable {
        fileprivate let mac: HMAC<SHA256>.MAC
    }

    private struct Entry {
        let person: ProvedPerson
        let expires: ContinuousClock.Instant
    }

    private struct State {
        var kept = BoundedCache<Key, Entry>(capacity: ProvedPasswords.capacity)
        /// As many as requests are under way.
        var asking: [Key: Task<Answer, Never>] = [:]
        /// Counts the calls of `forget`: an answer asked for before one of them is not remembered after it.
        var epoch = 0
    }

    private enum Found {
        case known(ProvedPerson)
        case asking(Task<Answer, Never>)
    }

    /// How long a proof is good (the time of a page with its images, and of a few clicks).
    static let lifetime = Duration.seconds(30)
    /// Octets, estimated.
    private static let capacity = 8 << 20

    private let secret = SymmetricKey(size: .bits256)
    private let state = Mutex(State())

    /// The key of a name as typed and a password.
    ///
    /// - Parameter salt: sets apart what must not be mixed up, such as the answers of two configurations.
    func key(_ username: String, _ password: Password, salt: [UInt8]) -> Key {
        var mac = HMAC<SHA256>(key: secret)
        mac.update(data: salt)
        let name = Array(username.utf8)
        // The length keeps ("ab", "c") and ("a", "bc") apart.
        mac.update(data: Array("\(name.count):".utf8))
        mac.update(data: name)
        password.withUnsafeBytes { mac.update(data: $0) }
        return Key(mac: mac.finalize())
    }

    /// The person proved under `key`, else what `prove` answers; however many ask at once, it is called once.
    func person(
        for key: Key,
        now: ContinuousClock.Instant = .now,
        prove: @escaping @Sendable () async -> Answer
    ) async -> Answer {
        let found: Found = state.withLock { state in
            if let entry = state.kept.value(for: key), entry.expires > now { return .known(entry.person) }
            if let asking = state.asking[key] { return .asking(asking) }
            let epoch = state.epoch
            // A task of its own: the first to ask may be cut off, and the others still want to know.
            let task = Task {
                let answer = await prove()
                self.settle(key, answer, epoch)
                return answer
            }
            state.asking[key] = task
            return .asking(task)
        }
        switch found {
        case .known(let person): return .success(person)
        case .asking(let task): return await task.value
        }
    }

    /// Forgets what was proved for the people named.
    func forget(_ isNamed: (IdentityKey) -> Bool) {
        state.withLock { state in
            state.epoch += 1
            // Who is being asked for now is answered, but nobody joins in any more.
            state.asking = [:]
            if state.kept.count > 0 { state.kept.removeAll { isNamed($0.person.identity.key) } }
        }
    }

    private func settle(_ key: Key, _ answer: Answer, _ epoch: Int) {
        state.withLock { state in
            guard state.epoch == epoch else { return }
            state.asking[key] = nil
            guard case .success(let person) = answer else { return }
            let groups = person.identity.groups
            state.kept.insert(
                Entry(person: person, expires: .now + Self.lifetime),
                for: key,
                weight: groups.reduce(512) { $0 + $1.utf8.count + 32 }
            )
        }
    }
}
