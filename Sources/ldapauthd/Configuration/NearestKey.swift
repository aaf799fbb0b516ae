/// Finds what a misspelt key was probably meant to be.
enum NearestKey {
    /// The known key with the smallest edit distance, if it is near enough to be worth naming.
    static func to(_ key: String, among known: some Sequence<String>) -> String? {
        let nearest = known.map { (key: $0, distance: distance(key, $0)) }
            .min { ($0.distance, $0.key) < ($1.distance, $1.key) }
        guard let nearest, nearest.distance <= max(2, nearest.key.count / 3) else { return nil }
        return nearest.key
    }

    /// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours count one each.
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.lowercased().unicodeScalars)
        let right = Array(right.lowercased().unicodeScalars)
        guard !left.isEmpty, !right.isEmpty else { return max(left.count, right.count) }
        var twoAgo: [Int] = []
        var previous = Array(0...right.count)
        for row in 1...left.count {
            var current = [row] + Array(repeating: 0, count: right.count)
            for column in 1...right.count {
                let cost = left[row - 1] == right[column - 1] ? 0 : 1
                current[column] = min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + cost)
                if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
                    current[column] = min(current[column], twoAgo[column - 2] + 1)
                }
            }
            twoAgo = previous
            previous = current
        }
        return previous[right.count]
    }
}
