internal import Authentication

/// Runs any grant through the phases all of them share, so that none can forget one.
///
/// The order is that of docs/http-api.md, “The order of checks”. 1 grant_type present and 2 known are the endpoint's, which
/// picks the handler by them.
struct GrantRunner: Sendable {
    /// How the client of a request is found.
    enum ClientChoice {
        /// It names and proves itself.
        case presented(ClientCredentials)
        /// The configuration names it: `login_client`.
        case configured(String)
    }

    let tools: GrantTools
    let audit: any AuditSink
    let phases: any PhaseSink

    /// Runs `handler`; every end of it, good or bad, is one audit line; a challenge is no end.
    func run<Handler: GrantHandler>(
        _ handler: Handler,
        client choice: ClientChoice,
        scope: String?,
        context: RequestContext
    ) async throws(TokenError) -> IssuedToken {
        let start = ContinuousClock.now
        var record = GrantRecord(
            grant: handler.grant,
            context: context,
            username: handler.username,
            sourceNames: tools.sourceNames
        )
        do throws(Refusal) {
            let issued = try await phases(handler, choice, scope, context, &record)
            // 11. audit
            audit.record(record.accepted(issued, duration: .now - start))
            return issued
        } catch {
            if let event = record.refused(error, duration: .now - start) { audit.record(event) }
            throw error.answer
        }
    }

    private func phases<Handler: GrantHandler>(
        _ handler: Handler,
        _ choice: ClientChoice,
        _ scope: String?,
        _ context: RequestContext,
        _ record: inout GrantRecord
    ) async throws(Refusal) -> IssuedToken {
        // 3. client
        let client = try await client(choice, context, &record)
        // 4. grant allowed
        guard client.grants.contains(handler.grant) else { throw Refusal(.grantNotAllowed) }
        // 5. scope
        let call = GrantCall(client: client, scopes: try scopes(scope, client), context: context)
        // 6. missing fields
        try handler.requireFields()
        // 7. throttle: the address here, the account as soon as the authenticator knows who may be asked for which name
        if handler.grant == .password { try tools.requireNoWait(context) }
        // 8. verification
        let verified = try await handler.verify(call)
        // 9. session
        let outcome = try await session(handler, verified, call)
        // 10. sign
        let start = ContinuousClock.now
        defer { phases.record(.sign, since: start) }
        return try sign(outcome, client)
    }

    private func session<Handler: GrantHandler>(
        _ handler: Handler,
        _ verified: Handler.Verified,
        _ call: GrantCall
    ) async throws(Refusal) -> GrantOutcome {
        let start = ContinuousClock.now
        defer { phases.record(.store, since: start) }
        return try await handler.session(verified, call)
    }

    private func client(
        _ choice: ClientChoice,
        _ context: RequestContext,
        _ record: inout GrantRecord
    ) async throws(Refusal) -> Client {
        switch choice {
        case .presented(let credentials):
            record.note(client: credentials.id ?? tools.settings.defaultClient)
            let client = try await tools.authenticateClient(credentials, context)
            record.note(client: client.id)
            return client
        case .configured(let id):
            record.note(client: id)
            guard let client = tools.registry[id] else { throw Refusal(.invalidClient) }
            return client
        }
    }

    /// The scopes asked for (RFC 6749 §3.3: separated by blanks, the order has no meaning); nil when there are none.
    private func scopes(_ text: String?, _ client: Client) throws(Refusal) -> [String]? {
        var seen: Set<Substring> = []
        let asked = (text ?? "").split(separator: " ").filter { seen.insert($0).inserted }.map(String.init)
        guard !asked.isEmpty else { return nil }
        let refused = asked.filter { !client.scopes.contains($0) }
        guard refused.isEmpty else { throw Refusal(.invalidScopes(refused)) }
        return asked
    }

    private func sign(_ outcome: GrantOutcome, _ client: Client) throws(Refusal) -> IssuedToken {
        let issuer = AccessTokenIssuer(tools: tools, client: client)
        do {
            return try issuer.issue(outcome)
        } catch {
            let refusal = Refusal(.unavailable(retryAfter: 5), reason: "keys", detail: error.description)
            throw outcome.session.map(refusal.of) ?? refusal
        }
    }
}
