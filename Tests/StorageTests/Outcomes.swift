import Authentication
import Synchronization

/// Which writers of a test were refused.
final class Outcomes: Sendable {
    private let state = Mutex<[Int]>([])

    var refused: [Int] { state.withLock { $0 } }

    func record(_ index: Int, _ error: StoreError?) {
        if error?.code == .unavailable { state.withLock { $0.append(index) } }
    }
}
