internal import Authentication
internal import FoundationEssentials

/// Makes the tokens of one answer.
struct AccessTokenIssuer {
    let tools: GrantTools
    let client: Client

    /// Signs the access token of `outcome` and derives the refresh token of its session.
    func issue(_ outcome: GrantOutcome) throws(KeyError) -> IssuedToken {
        let session = outcome.session
        let subject = session?.identity.key.subject ?? client.id
        var end = outcome.now + tools.lifetimes(client, session?.kind ?? .refreshable).access
        if let session { end = min(end, session.hardEnd) }
        let now = outcome.now.seconds
        let claims = AccessTokenClaims(
            issuer: tools.settings.issuer,
            subject: subject,
            audience: client.audience.isEmpty ? [tools.settings.issuer] : client.audience,
            expiresAt: end.seconds,
            issuedAt: outcome.issuedAt.seconds,
            id: Self.uniqueID(),
            clientID: client.id,
            scope: outcome.scopes.joined(separator: " "),
            person: session.map(person)
        )
        var issued = IssuedToken(
            accessToken: try tools.keys.sign(claims.encoded()),
            expiresIn: Self.seconds(end.seconds - now),
            scopes: outcome.scopes,
            session: session,
            refreshExpiresIn: 0,
            notBefore: tools.revocations.notBefore(client: client.id, subject: subject),
            client: client,
            isSignOn: outcome.isSignOn,
            signOnReply: outcome.signOnReply
        )
        if let session, outcome.isRefreshable {
            issued.refreshToken = tools.keys.refreshToken(
                session: session.id,
                generation: session.generation,
                issuedAt: session.rotatedAt
            )
            issued.refreshExpiresIn = Self.seconds(min(session.idleEnd, session.hardEnd).seconds - now)
        }
        return issued
    }

    private func person(_ session: Session) -> AccessTokenClaims.Person {
        let groups = GroupClaim(session.identity, client: client)
        return AccessTokenClaims.Person(
            session: session.id,
            authenticatedAt: session.authenticatedAt.seconds,
            username: session.identity.username,
            email: session.identity.email,
            groups: groups.names,
            hasMoreGroups: groups.hasMore,
            userID: session.userID
        )
    }

    /// The 122 random bits of a UUID (RFC 7519 §4.1.7: the chance of a collision must be negligible).
    private static func uniqueID() -> String {
        withUnsafeBytes(of: UUID.fresh().uuid) { Base64URL.encode($0) }
    }

    /// Within what the wire carries.
    static func seconds(_ value: Int64) -> Int32 { Int32(clamping: max(0, value)) }
}
