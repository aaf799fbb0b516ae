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
            var record = GrantRecord(
                grant: .clientCredentials,
                context: context,
                username: nil,
                sourceNames: tools.sourceNames
            )
            record.note(client: credentials.id ?? tools.settings.defaultClient)
            if let event = record.refused(error, duration: .now - start) { audit.record(event) }
            throw error.answer
        }
    }
}
