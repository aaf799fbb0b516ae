import Authentication
import Synchronization

/// A secret hash that costs nothing and counts how often it was asked; the real one is tested in Authentication.
final class CountingHash: SecretHash {
    private struct State {
        var count = 0
        var isFull = false
        var isHeld = false
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.count } }

    func fill() { state.withLock { $0.isFull = true } }

    /// While true, nobody is answered.
    var isHeld: Bool {
        get { state.withLock { $0.isHeld } }
        set { state.withLock { $0.isHeld = newValue } }
    }

    static func text(of secret: String) -> String { "hash:\(secret)" }

    func verify(_ password: Password, against phc: String) async throws(WorkPoolFull) -> Bool {
        let isFull = state.withLock { state in
            state.count += 1
            return state.isFull
        }
        if isFull { throw WorkPoolFull() }
        while isHeld { try? await Task.sleep(for: .milliseconds(2)) }
        return phc == Self.text(of: password.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    }

    func hash(_ password: Password) async throws(WorkPoolFull) -> String {
        Self.text(of: password.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
    }
}
