internal import Authentication

/// Proves the client of a question beside the grants; a refusal is an audit line, as it is at the token endpoint.
struct ClientGate: Sendable {
    let tools: GrantTools
    let audit: any AuditSink

    /// The client these credentials prove.
    func client(_ credentials: ClientCredentials, _ context: RequestContext) async throws(TokenError) -> Client {
        let start = ContinuousClock.now
        do throws(Refusal) {
            return try await tools.authenticateClient(credentials, context)
        } catch {
            throw noted(error, of: credentials, context, since: start)
        }
    }

    /// The client that these credentials were found to prove a while ago; nil when that has to be found out.
    func remembered(_ credentials: ClientCredentials, _ context: RequestContext) throws(TokenError) -> Client? {
        do throws(Refusal) {
            return try tools.rememberedClient(credentials, context)
        } catch {
            throw noted(error, of: credentials, context, since: .now)
        }
    }

    /// What the caller hears, once the audit log has it.
    private func noted(
        _ refusal: Refusal,
        of credentials: ClientCredentials,
        _ context: RequestContext,
        since start: ContinuousClock.Instant
    ) -> TokenError {
        var record = GrantRecord(
            grant: .clientCredentials,
            context: context,
            username: nil,
            sourceNames: tools.sourceNames
        )
        record.note(client: credentials.id ?? tools.settings.defaultClient)
        if let event = record.refused(refusal, duration: .now - start) { audit.record(event) }
        return refusal.answer
    }
}
