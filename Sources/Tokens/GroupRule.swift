internal import Authentication

/// "In one of these groups": a bare name means a group of one source, others are written `source:name`.
struct GroupRule: Sendable, Hashable {
    /// Any of them will do; of none nobody is a member.
    var names: [String]
    /// Where bare names belong.
    var source: SourceID

    /// True when a person of `origin` with these groups is in one of them.
    func admits(_ groups: [String], of origin: SourceID, named name: String) -> Bool {
        let isHere = origin == source
        let prefix = name + ":"
        return names.contains { entry in
            if isHere, groups.contains(entry) { return true }
            return entry.hasPrefix(prefix) && groups.contains(String(entry.dropFirst(prefix.count)))
        }
    }
}
