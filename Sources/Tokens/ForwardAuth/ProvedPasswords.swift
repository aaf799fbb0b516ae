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

    /// What stands for a name, its password, and where they came from.
    struct Key: Hashable, Sendable {
        fileprivate let mac: HMAC<SHA256>.MAC
    }

    private struct Entry {
        let person: ProvedPerson
        let expires: ContinuousClock.Instant
        /// The epoch in which the proof began.
        let began: Int
    }

    private struct Asking {
        let task: Task<Answer, Never>
        let began: Int
    }

    private struct State {
        var kept = BoundedCache<Key, Entry>(capacity: ProvedPasswords.capacity)
        /// As many as requests are under way.
        var asking: [Key: Asking] = [:]
        var forgotten = ForgottenPeople()
    }

    private enum Found {
        case known(ProvedPerson)
        case begun(Task<Answer, Never>)
        /// By another request, when this one came at the epoch `joined`.
        case asking(Asking, joined: Int)
    }

    /// How long a proof is good (the time of a page with its images, and of a few clicks).
    static let lifetime = Duration.seconds(30)
    /// Octets, estimated.
    private static let capacity = 8 << 20

    private let secret = SymmetricKey(size: .bits256)
    private let state = Mutex(State())

    /// The key of a name as typed and a password.
    ///
    /// - Parameters:
    ///   - address: where they come from, as the throttle tells callers apart: what was proved from one address is no
    ///     answer to another, which may have to wait.
    ///   - salt: sets apart what must not be mixed up, such as the answers of two configurations.
    func key(_ username: String, _ password: Password, from address: String, salt: [UInt8]) -> Key {
        var mac = HMAC<SHA256>(key: secret)
        mac.update(data: salt)
        for text in [address, username] {
            // The length keeps ("ab", "c") and ("a", "bc") apart.
            mac.update(data: Array("\(text.utf8.count):\(text)".utf8))
        }
        password.withUnsafeBytes { mac.update(data: $0) }
        return Key(mac: mac.finalize())
    }

    /// The person proved under `key`, else what `prove` answers; however many ask at once, it is called once.
    ///
    /// - Parameter recall: what a proof remembered comes to.
    func person(
        for key: Key,
        now: ContinuousClock.Instant = .now,
        recall: (ProvedPerson) -> Answer = { .success($0) },
        prove: @escaping @Sendable () async -> Answer
    ) async -> Answer {
        while true {
            switch find(key, now, prove) {
            case .known(let person): return recall(person)
            case .begun(let task): return await task.value
            case .asking(let asking, let joined):
                let answer = await asking.task.value
                if !isOvertaken(answer, asking.began, joined) { return answer }
            }
        }
    }

    private func find(
        _ key: Key,
        _ now: ContinuousClock.Instant,
        _ prove: @escaping @Sendable () async -> Answer
    ) -> Found {
        state.withLock { state in
            if let entry = state.kept.value(for: key), entry.expires > now,
                !state.forgotten.isForgotten(entry.person.identity.key, since: entry.began)
            {
                return .known(entry.person)
            }
            let epoch = state.forgotten.epoch
            if let asking = state.asking[key] { return .asking(asking, joined: epoch) }
            // A task of its own: the first to ask may be cut off, and the others still want to know.
            let task = Task {
                let answer = await prove()
                self.settle(key, answer, epoch)
                return answer
            }
            state.asking[key] = Asking(task: task, began: epoch)
            return .begun(task)
        }
    }

    /// True when the answer was asked for before something that whoever came at `joined` may count on. Of a refusal it is
    /// not always known whom it is about.
    private func isOvertaken(_ answer: Answer, _ began: Int, _ joined: Int) -> Bool {
        guard joined > began else { return false }
        switch answer {
        case .success(let person):
            return state.withLock { $0.forgotten.isForgotten(person.identity.key, since: began) }
        case .failure(let refusal):
            guard let person = refusal.identity?.key else { return true }
            return state.withLock { $0.forgotten.isForgotten(person, since: began) }
        }
    }

    /// Forgets what was proved for that person; an answer asked for before is not remembered either.
    func forget(_ person: IdentityKey) {
        state.withLock { $0.forgotten.note(person) }
    }

    /// Forgets everything.
    func forgetEverybody() {
        state.withLock { state in
            state.forgotten.noteEverybody()
            state.kept = BoundedCache(capacity: Self.capacity)
        }
    }

    private func settle(_ key: Key, _ answer: Answer, _ began: Int) {
        state.withLock { state in
            state.asking[key] = nil
            guard case .success(let person) = answer,
                !state.forgotten.isForgotten(person.identity.key, since: began)
            else { return }
            let groups = person.identity.groups
            state.kept.insert(
                Entry(person: person, expires: .now + Self.lifetime, began: began),
                for: key,
                weight: groups.reduce(512) { $0 + $1.utf8.count + 32 }
            )
        }
    }
}
