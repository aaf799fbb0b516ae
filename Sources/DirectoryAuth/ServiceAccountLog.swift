internal import LDAPClient
internal import Logging
internal import Synchronization

/// Says loudly when the account that searches is refused, and tells when another one is in use.
///
/// Asked on the poller's thread, so the lines are written elsewhere. What is refused again and again is said once a minute.
final class ServiceAccountLog: Sendable {
    private struct State {
        var said: [String: ContinuousClock.Instant] = [:]
        /// The place of the account in use at each host.
        var inUse: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let logger: Logger

    init(_ logger: Logger) {
        self.logger = logger
    }

    func refused(_ refusal: LDAPServiceRefusal, host: String, now: ContinuousClock.Instant = .now) {
        let key = "\(host) \(refusal.dn) \(refusal.reason)"
        let isNew = state.withLock { state in
            // Tries of a password are rare, and each is said.
            if refusal.retryAfter == nil, let before = state.said[key], now < before + .seconds(60) { return false }
            if state.said.count >= 256 { state.said.removeAll() }
            state.said[key] = now
            state.inUse[host] = nil
            return true
        }
        guard isNew else { return }
        let keys = refusal.position == 0 ? "bind_dn and bind_password_file" : "next_bind_dn and next_bind_password_file"
        var metadata: Logger.Metadata = [
            "dn": "\(refusal.dn)", "host": "\(host)", "error": "\(refusal.reason)",
            "remedy": "check \(keys), and whether the account is locked or expired",
        ]
        if let pause = refusal.retryAfter {
            metadata["next_try"] = "in \(pause.components.seconds) s, at a reload, or when the password changes"
        }
        let line: Logger.Message =
            refusal.resultCode == nil
            ? "the password of the service account cannot be read" : "the service account was refused"
        Task { [logger, metadata] in logger.error(line, metadata: metadata) }
    }

    func accepted(dn: String, position: Int, host: String) {
        let before: Int? = state.withLock { state in
            defer { state.inUse[host] = position }
            // The first account at its first use is nothing to speak of.
            return state.inUse[host] ?? (state.said.isEmpty ? 0 : -1)
        }
        guard before != position else { return }
        let metadata: Logger.Metadata = ["dn": "\(dn)", "host": "\(host)"]
        Task { [logger] in
            if position == 0 {
                logger.notice("the service account is accepted", metadata: metadata)
            } else {
                logger.warning("the next service account is in use: bind_dn was refused", metadata: metadata)
            }
        }
    }
}
