internal import Authentication
internal import FoundationEssentials
internal import Logging

/// Ends the sessions that were begun with a password that is no more; where the store fails, again later.
final class SessionEndings: Sendable {
    private let tools: GrantTools
    private let feed: ChangeFeed
    private let logger: Logger
    private let retries: StoreRetries

    init(tools: GrantTools, feed: ChangeFeed, logger: Logger, retries: [Duration]) {
        self.tools = tools
        self.feed = feed
        self.logger = logger
        self.retries = StoreRetries(pauses: retries)
    }

    /// Ends the person's sessions; the one at hand goes on with what tells the new password from the old.
    ///
    /// - Returns: why they have not ended yet; it is tried again then.
    func end(after identity: Identity, but own: UUID?) async -> StoreError? {
        tools.revocations.proved.forget(identity.key)
        // Who logs in between two attempts does so with the new password; what another node's clock calls later may be earlier.
        let changed = tools.clock.now() + (tools.sessions.hasOtherNodes ? Session.clockLeeway : .zero)
        guard let failure = await attempt(identity, own, by: nil) else { return nil }
        tell("A password was changed, but the sessions begun with the old one have not ended yet", identity, failure)
        retries.begin(after: failure) {
            await self.attempt(identity, own, by: changed)
        } end: { last in
            if let last {
                self.tell(
                    "The sessions begun with the old password have not ended: use session end --user",
                    identity,
                    last
                )
            } else {
                self.logger.notice(
                    "The sessions begun with the old password have ended now",
                    metadata: self.names(identity)
                )
            }
        }
        return failure
    }

    private func attempt(_ identity: Identity, _ own: UUID?, by moment: Timestamp?) async -> StoreError? {
        let now = tools.clock.now()
        do throws(StoreError) {
            _ = try await tools.sessions.end(.opened(identity.key, by: moment, except: own), now: now)
            if let own { try await renew(own, identity, now) }
        } catch {
            return error
        }
        await feed.poll()
        return nil
    }

    private func renew(_ own: UUID, _ identity: Identity, _ now: Timestamp) async throws(StoreError) {
        var identity = identity
        if identity.isPartial {
            guard let row = try await tools.sessions.session(own) else { return }
            let state = identity.credentialState
            identity = row.identity
            identity.credentialState = state ?? identity.credentialState
        }
        _ = try await tools.sessions.reauthenticate(own, identity: identity, now: now)
    }

    private func tell(_ message: Logger.Message, _ identity: Identity, _ failure: StoreError) {
        logger.error(message, metadata: names(identity).merging(["reason": "\(failure)"]) { $1 })
    }

    private func names(_ identity: Identity) -> Logger.Metadata {
        ["source": "\(identity.sourceName)", "user": "\(LogText.escaped(identity.username))"]
    }
}
