internal import Authentication

/// How long what is issued to a client lives, by its own settings or by `[tokens]`.
struct Lifetimes: Sendable, Hashable {
    /// An access token, unless its session ends sooner.
    let access: Duration
    /// A session that is not refreshed.
    let idle: Duration
    /// A session in any case.
    let session: Duration

    init(settings: TokenSettings, client: Client, kind: Session.Kind) {
        let longest = client.sessionMax ?? settings.sessionMax
        // The login client's `access_lifetime` speaks of `login_lifetime`, which is not that of this endpoint.
        let isLoginClient = client.id == settings.loginClient
        switch kind {
        case .refreshable:
            access = (isLoginClient ? nil : client.accessLifetime) ?? settings.accessLifetime
            idle = client.refreshIdle ?? settings.refreshIdle
            session = longest
        case .login:
            // It is never refreshed, so it neither idles nor outlives its one token.
            access = client.accessLifetime ?? settings.loginLifetime
            session = min(access, longest)
            idle = session
        }
    }
}
