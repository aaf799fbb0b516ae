internal import Authentication
internal import Logging

/// Sessions that ended here while the store could not be written: the other nodes, and this one after a restart, would go on
/// with them. They are ended in the store later.
struct LateEnds: Sendable {
    private let sessions: any SessionStore
    private let clock: any WallClock
    private let logger: Logger
    private let retries: StoreRetries

    init(sessions: any SessionStore, clock: any WallClock, logger: Logger, retries: [Duration]) {
        self.sessions = sessions
        self.clock = clock
        self.logger = logger
        self.retries = StoreRetries(pauses: retries)
    }

    /// Ends the session in the store as soon as that can be written again.
    func add(_ session: Session, failure: StoreError) {
        let names: Logger.Metadata = ["session": "\(session.id.text)", "number": "\(session.number)"]
        let begun = retries.begin(session.id, after: failure) { [sessions, clock] in
            do throws(StoreError) {
                _ = try await sessions.end(.session(session.id), now: clock.now())
                return nil
            } catch {
                return error
            }
        } end: { [logger] last in
            if let last {
                let told = names.merging(["reason": "\(last)"]) { $1 }
                logger.error(
                    "A session that was ended here has not ended for other nodes: use session end NUMBER",
                    metadata: told
                )
            } else {
                logger.notice("A session that was ended here has ended for all nodes now", metadata: names)
            }
        }
        guard begun else { return }
        logger.error(
            "A session was ended, but the store did not take it yet",
            metadata: names.merging(["reason": "\(failure)"]) { $1 }
        )
    }
}
