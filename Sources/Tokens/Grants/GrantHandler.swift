/// What differs from grant to grant: five hooks, called by `GrantRunner` between the phases that all grants share.
protocol GrantHandler: Sendable {
    /// What `verify` finds out and `session` needs.
    associatedtype Verified: Sendable

    /// Which grant the client must be allowed.
    var grant: Grant { get }

    /// The name as typed, for the audit line of a refusal.
    var username: String? { get }

    /// Phase 6: every field this grant needs is there.
    func requireFields() throws(Refusal)

    /// Phase 8: the one who asks is who he says.
    func verify(_ call: GrantCall) async throws(Refusal) -> Verified

    /// Phase 9: opens or continues the session.
    func session(_ verified: Verified, _ call: GrantCall) async throws(Refusal) -> GrantOutcome
}
