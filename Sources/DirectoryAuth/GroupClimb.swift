/// Climbs from groups to their parents, level by level. Pure: it says which groups to ask about and takes what was found.
///
/// Each group is asked about once, whatever loops there are.
struct GroupClimb: Sendable {
    private var seen: Set<String>
    private var level: [GroupFinder.Group]
    private var depth = 0
    private let maxDepth: Int

    /// The names of all groups found above those it began with.
    private(set) var names: Set<String> = []

    init(from groups: [GroupFinder.Group], maxDepth: Int) {
        self.maxDepth = maxDepth
        seen = Set(groups.map(\.dn))
        level = groups
    }

    /// The groups whose parents are wanted next; nil at the end.
    var next: [GroupFinder.Group]? {
        depth < maxDepth && !level.isEmpty ? level : nil
    }

    /// The parents of `next`.
    mutating func add(_ parents: [GroupFinder.Group]) {
        depth += 1
        level = parents.filter { seen.insert($0.dn).inserted }
        names.formUnion(level.map(\.name))
    }
}
