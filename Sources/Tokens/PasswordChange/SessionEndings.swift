internal import Authentication
internal import FoundationEssentials
internal import Logging
internal import Synchronization

/// Ends the sessions that were begun with a password that is no more; where the store fails, again later.
final class SessionEndings: Sendable {
    /// Further changes are told in the log only.
    private static let limit = 1000

    private let tools: GrantTools
    private let feed: ChangeFeed
    private let logger: Logger
    private let retries: [Duration]
    private let waiting = Mutex(0)

    init(tools: GrantTools, feed: ChangeFeed, logger: Logger, retries: [Duration]) {
        self.tools = tools
        self.feed = feed
        self.logger = logger
        self.retries = retries
    }

    /// Ends the person's sessions; the one at hand goes on with what tells the new password from the old.
    ///
    /// - Returns: why they have not ended yet; it is tried again then.
    func end(after identity: Identity, but own: UUID?) async -> StoreError? {
        tools.revocations.proved.forget { $0 == identity.key }
        guard let failure = await attempt(identity, own) else { return nil }
        tell("A password was changed, but the sessions begun with the old one have not ended yet", identity, failure)
        let mayWait = waiting.withLock { waiting in
            guard waiting < Self.limit else { return false }
            waiting += 1
            return true
        }
        if mayWait {
            Task.detached {
                await self.retry(identity, own)
                self.waiting.withLock { $0 -= 1 }
            }
        }
        return failure
    }

    private func retry(_ identity: Identity, _ own: UUID?) async {
        var last: StoreError?
        for pause in retries {
            try? await Task.sleep(for: pause)
            last = await attempt(identity, own)
            if last == nil {
                logger.notice("The sessions begun with the old password have ended now", metadata: names(identity))
                return
            }
        }
        guard let last else { return }
        tell("The sessions begun with the old password have not ended: use session end --user", identity, last)
    }

    private func attempt(_ identity: Identity, _ own: UUID?) async -> StoreError? {
        let now = tools.clock.now()
        let selection = own.map { SessionSelection.others(identity.key, than: $0) } ?? .identity(identity.key)
        do throws(StoreError) {
            _ = try await tools.sessions.end(selection, now: now)
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
