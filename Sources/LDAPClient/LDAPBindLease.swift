/// One connection lent to one user bind at a time.
public protocol LDAPBindLease: Sendable {
    /// Exactly one bind request; the answer whatever its result code. An empty password is refused with `.invalidArgument`.
    ///
    /// A connection found dead before the request is written is replaced silently. An error with `requestWasWritten` true
    /// means that the server may have counted an attempt.
    func simpleBind(
        dn: String,
        password: some LDAPCredential,
        controls: [LDAPControl],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse

    /// A search as the person bound; `.invalidArgument` before a bind through this lease has succeeded, because the
    /// connection would still be whoever had it before.
    func search(_ request: SearchRequest, deadline: ContinuousClock.Instant) async throws(LDAPError) -> SearchResult

    /// A change as the person bound; `.invalidArgument` before a bind through this lease has succeeded.
    ///
    /// An error with `requestWasWritten` true means that nobody knows whether it was done.
    func change(
        _ change: LDAPChange,
        controls: [LDAPControl],
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> ChangeResponse
}
