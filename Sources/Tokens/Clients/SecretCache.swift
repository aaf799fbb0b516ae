internal import Authentication
internal import Synchronization

/// Remembers which secrets were proved for which clients, so that not every request of a client pays an Argon2id; one for the
/// life of the process.
///
/// It keeps a digest under a key of this process, never the secret; wrong secrets are not remembered. What is remembered belongs to
/// what the configuration held then: with another hash the same secret is another question.
public final class SecretCache: Sendable {
    /// Which of a question's attempts is the right one; nil when none is.
    typealias Answer = Result<Int?, TokenError>

    /// One guess at a client, beside what the configuration holds of it.
    struct Attempt: Sendable {
        /// Stands for the client and what is known of its secret.
        let stamp: KeyedDigest.Value
        /// Nil for a client nobody knows.
        let client: Client?
        /// Nil when none was sent.
        let secret: Password?
    }

    /// What stands for all attempts of a request.
    typealias Question = KeyedDigest.Value

    private struct State {
        var proved = BoundedCache<Question, Int>(capacity: SecretCache.capacity)
        /// As many as requests are under way.
        var asking: [Question: Task<Answer, Never>] = [:]
    }

    private enum Found {
        case known(Int)
        case asking(Task<Answer, Never>)
    }

    /// A client that sends its secret both in the body and by Basic has two entries. Only proved secrets get here.
    private static let capacity = 8192

    private static let noSecret = Password([])

    private let digest = KeyedDigest()
    private let state = Mutex(State())

    /// Nothing proved yet.
    public init() {}

    /// Stands for a client as the configuration has it; also for one that it has not.
    func stamp(_ id: String, _ client: Client?) -> KeyedDigest.Value {
        let name = digest.value(of: Array(id.utf8))
        switch client?.secret {
        case .hash(let phc)?: return digest.value(of: Password("1" + phc), after: name)
        case .plain(let secret)?: return digest.value(of: secret, after: digest.value(of: Password("2"), after: name))
        case nil: return digest.value(of: Password(client == nil ? "3" : "4"), after: name)
        }
    }

    /// The question whether one of these is right; nil when there are none.
    func question(_ attempts: [Attempt]) -> Question? {
        guard let first = attempts.first else { return nil }
        // An empty secret is none (`ClientAuthenticator`), so that the two are not told apart.
        var question = digest.value(of: first.secret ?? Self.noSecret, after: first.stamp)
        for attempt in attempts.dropFirst() {
            question = digest.value(of: attempt.secret ?? Self.noSecret, after: digest.value(question, attempt.stamp))
        }
        return question
    }

    /// The answer proved before, if there is one.
    func known(_ question: Question) -> Int? {
        state.withLock { $0.proved.value(for: question) }
    }

    /// The answer proved before, else what `prove` says; however many ask at once, it is called once.
    func answer(to question: Question, prove: @escaping @Sendable () async -> Answer) async -> Answer {
        let found: Found = state.withLock { state in
            if let index = state.proved.value(for: question) { return .known(index) }
            if let asking = state.asking[question] { return .asking(asking) }
            // A task of its own: the first to ask may be cut off, and the others still want to know.
            let task = Task {
                let answer = await prove()
                self.settle(question, answer)
                return answer
            }
            state.asking[question] = task
            return .asking(task)
        }
        switch found {
        case .known(let index): return .success(index)
        case .asking(let task): return await task.value
        }
    }

    private func settle(_ question: Question, _ answer: Answer) {
        state.withLock { state in
            state.asking[question] = nil
            if case .success(let index?) = answer { state.proved.insert(index, for: question) }
        }
    }

    /// True for the same secret, in a time that tells neither octets nor length.
    func areEqual(_ left: Password, _ right: Password) -> Bool {
        let start = digest.value(of: [])
        return digest.value(of: left, after: start) == digest.value(of: right, after: start)
    }
}
