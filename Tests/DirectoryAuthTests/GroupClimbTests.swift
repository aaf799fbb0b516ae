import Testing

@testable import DirectoryAuth

@Suite struct GroupClimbTests {
    /// child → parents
    static func climb(_ parents: [String: [String]], from start: [String], maxDepth: Int = 10) -> (
        names: Set<String>, asked: [[String]]
    ) {
        func group(_ name: String) -> GroupFinder.Group { GroupFinder.Group(dn: "cn=\(name)", name: name) }
        var climb = GroupClimb(from: start.map(group), maxDepth: maxDepth)
        var asked: [[String]] = []
        while let level = climb.next, asked.count < 100 {
            asked.append(level.map(\.name))
            climb.add(level.flatMap { parents[$0.name] ?? [] }.map(group))
        }
        return (climb.names, asked)
    }

    @Test func climbsLevelByLevel() {
        let (names, asked) = Self.climb(["a": ["b", "c"], "b": ["d"], "c": ["d"]], from: ["a"])
        #expect(names == ["b", "c", "d"])
        #expect(asked == [["a"], ["b", "c"], ["d"]])
    }

    @Test func loopsEnd() {
        let (names, asked) = Self.climb(["a": ["b"], "b": ["a", "b", "c"], "c": ["a"]], from: ["a"])
        #expect(names == ["b", "c"])
        #expect(asked == [["a"], ["b"], ["c"]])
    }

    @Test func depthIsBounded() {
        let parents = Dictionary(uniqueKeysWithValues: (0..<50).map { ("\($0)", ["\($0 + 1)"]) })
        #expect(Self.climb(parents, from: ["0"], maxDepth: 3).names == ["1", "2", "3"])
        #expect(Self.climb(parents, from: ["0"], maxDepth: 0).names == [])
    }

    @Test func nobodyIsAskedWithoutGroups() {
        #expect(Self.climb([:], from: []).asked.isEmpty)
    }
}
