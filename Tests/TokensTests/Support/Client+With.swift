import Authentication
import Tokens

extension Client {
    /// The same client, but for what is given.
    func with(
        secret: ClientSecret?? = nil,
        grants: Set<Grant>? = nil,
        scopes: [String]? = nil,
        sources: [SourceID]? = nil,
        redirectURL: String?? = nil,
        editorGroups: [String]? = nil,
        groupFilter: String? = nil,
        maxGroups: Int? = nil,
        accessLifetime: Duration? = nil,
        refreshIdle: Duration? = nil,
        sessionMax: Duration? = nil
    ) -> Client {
        Client(
            id: id,
            secret: secret ?? self.secret,
            grants: grants ?? self.grants,
            scopes: scopes ?? self.scopes,
            defaultScopes: defaultScopes,
            audience: audience,
            sources: sources ?? self.sources,
            redirectURL: redirectURL ?? self.redirectURL,
            editorGroups: editorGroups ?? self.editorGroups,
            groupFilter: groupFilter ?? self.groupFilter,
            maxGroups: maxGroups ?? self.maxGroups,
            accessLifetime: accessLifetime ?? self.accessLifetime,
            refreshIdle: refreshIdle ?? self.refreshIdle,
            sessionMax: sessionMax ?? self.sessionMax
        )
    }
}
