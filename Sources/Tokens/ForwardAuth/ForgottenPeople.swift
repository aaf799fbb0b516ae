internal import Authentication

/// Whose proofs no longer count, and since when. Pure.
///
/// Moments are numbers that only grow. What is told of single people is kept in two halves; when the young one is full the
/// old one goes, and whatever was begun before it ended counts as forgotten, whoever it is about. So neither noting nor
/// asking ever walks a list.
struct ForgottenPeople: Sendable {
    /// The number of the latest event.
    private(set) var epoch = 0
    /// What was begun before it is forgotten.
    private var floor = 0
    private var young: [IdentityKey: Int] = [:]
    private var old: [IdentityKey: Int] = [:]
    /// The epoch at which the young half became the old one.
    private var turnedAt = 0
    private let half: Int

    /// - Parameter half: so many people are told apart at least.
    init(half: Int = 2048) {
        self.half = half
    }

    /// Whatever is begun until now for that person counts no more.
    mutating func note(_ person: IdentityKey) {
        epoch += 1
        if young.count >= half, young[person] == nil {
            floor = max(floor, turnedAt)
            turnedAt = epoch
            (old, young) = (young, [:])
        }
        young[person] = epoch
    }

    /// Whatever is begun until now counts no more.
    mutating func noteEverybody() {
        epoch += 1
        floor = epoch
        (old, young) = ([:], [:])
    }

    /// True when what was begun at `epoch` for that person counts no more.
    func isForgotten(_ person: IdentityKey, since epoch: Int) -> Bool {
        epoch < floor || (young[person] ?? old[person] ?? 0) > epoch
    }
}
