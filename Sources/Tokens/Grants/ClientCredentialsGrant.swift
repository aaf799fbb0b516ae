internal import Authentication

/// `grant_type=client_credentials` (RFC 6749 §4.4): the client for itself, without a session.
struct ClientCredentialsGrant: GrantHandler {
    let tools: GrantTools

    let grant = Grant.clientCredentials
    var username: String? { nil }

    func requireFields() throws(Refusal) {}

    func verify(_ call: GrantCall) async throws(Refusal) {
        // RFC 6749 §4.4: for confidential clients only, the secret being all there is to prove.
        guard call.client.secret != nil else { throw Refusal(.grantNotAllowed) }
    }

    func session(_ verified: Void, _ call: GrantCall) async throws(Refusal) -> GrantOutcome {
        let now = tools.clock.now()
        return GrantOutcome(
            session: nil,
            scopes: call.scopes ?? call.client.defaultScopes,
            now: now,
            issuedAt: tools.issueMoment(now, client: call.client, subject: call.client.id)
        )
    }
}
