internal import Authentication

extension Client {
    /// Where a bare group name in a rule about this client belongs.
    ///
    /// - Parameter firstSource: the first of `authentication.order`, for clients without `sources`.
    func groupSource(firstSource: SourceID) -> SourceID { sources.first ?? firstSource }

    /// True when the person is in one of the client's editor groups.
    ///
    /// - Parameter firstSource: the first of `authentication.order`, for clients without `sources`.
    func isEditor(_ identity: Identity, firstSource: SourceID) -> Bool {
        guard !editorGroups.isEmpty else { return false }
        return GroupRule(names: editorGroups, source: groupSource(firstSource: firstSource))
            .admits(identity.groups, of: identity.key.source, named: identity.sourceName)
    }
}
