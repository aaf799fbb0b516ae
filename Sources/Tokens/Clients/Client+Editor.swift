internal import Authentication

extension Client {
    /// True when the person is in one of the client's editor groups: a bare name means a group of the client's first
    /// source, others are written `source:name`.
    ///
    /// - Parameter firstSource: the first of `authentication.order`, for clients without `sources`.
    func isEditor(_ identity: Identity, firstSource: SourceID) -> Bool {
        guard !editorGroups.isEmpty else { return false }
        let isFirst = identity.key.source == sources.first ?? firstSource
        let prefix = identity.sourceName + ":"
        return editorGroups.contains { entry in
            if isFirst, identity.groups.contains(entry) { return true }
            return entry.hasPrefix(prefix) && identity.groups.contains(String(entry.dropFirst(prefix.count)))
        }
    }
}
