/// Which address to try when: the next one starts when one fails, or after a pause while the earlier go on, and the first
/// that connects wins (RFC 8305 §5). Pure; `TCPConnector` does what it says.
struct ConnectRace {
    enum Action: Equatable {
        case start(Int)
        /// Call `pauseElapsed()` after the pause.
        case pause
        case succeed(Int)
        case fail
    }

    private let count: Int
    private var next = 0
    private var running: Set<Int> = []
    private var isOver = false

    init(count: Int) { self.count = count }

    mutating func begin() -> [Action] { startNext() }

    mutating func pauseElapsed() -> [Action] {
        isOver || next == count ? [] : startNext()
    }

    mutating func connected(_ index: Int) -> [Action] {
        guard !isOver, running.remove(index) != nil else { return [] }
        isOver = true
        return [.succeed(index)]
    }

    mutating func failed(_ index: Int) -> [Action] {
        guard !isOver, running.remove(index) != nil else { return [] }
        return next < count || running.isEmpty ? startNext() : []
    }

    private mutating func startNext() -> [Action] {
        guard next < count else {
            isOver = true
            return [.fail]
        }
        running.insert(next)
        next += 1
        return next < count ? [.start(next - 1), .pause] : [.start(next - 1)]
    }
}
