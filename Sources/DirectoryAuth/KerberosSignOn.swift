public import Authentication
public import EventPoller
public import Logging
public import Negotiate
internal import Synchronization

/// Kerberos tickets as proofs: the acceptor on a pool of threads of its own, its failures in the rules' terms.
public struct KerberosSignOn: SignOnVerifying {
    private let acceptor: NegotiateAcceptor
    private let poller: EventPoller
    private let pool: BlockingPool
    private let logger: Logger
    private let trouble = TroubleLimiter()

    /// - Parameters:
    ///   - pool: for the acceptor's calls, which read and write files; no other work should wait behind them.
    ///   - poller: watches the deadline.
    public init(_ settings: NegotiateAcceptor.Settings, poller: EventPoller, pool: BlockingPool, logger: Logger) {
        acceptor = NegotiateAcceptor(settings)
        self.poller = poller
        self.pool = pool
        self.logger = logger
    }

    /// Judges a ticket, and that it is a person's.
    public func verify(_ token: SignOnToken, deadline: ContinuousClock.Instant) async -> SignOnVerdict {
        let answer: Result<AcceptedContext, NegotiateError>
        do throws(BlockingPool.GivenUp) {
            answer = try await pool.run(until: deadline, on: poller) { [acceptor] in
                Result { () throws(NegotiateError) in try acceptor.accept(token.octets, endPoint: token.endPoint) }
            }
        } catch {
            return .unavailable(
                Outage(sources: [], detail: "kerberos: too many tickets are waiting", retryAfter: 1)
            )
        }
        switch answer {
        case .success(let context): return verdict(context)
        case .failure(let error):
            if error.isOutage {
                if trouble.mayTell() {
                    logger.error("Kerberos tickets cannot be judged", metadata: Self.metadata(error))
                }
                return .unavailable(Outage(sources: [], detail: "kerberos: \(error)"))
            }
            // What a client cannot mend alone deserves a line of its own beside the audit's.
            if error.remedy != nil, trouble.mayTell() {
                logger.warning("Kerberos ticket refused", metadata: Self.metadata(error))
            }
            let word = error.code.description
            let reason = word.hasPrefix("ticket-") ? word : "ticket-\(word)"
            return .refused(SignOnRefusal(reason: reason, detail: error.description))
        }
    }

    /// A service's ticket (`host/…`) is no person's, however its name is spelt.
    private func verdict(_ context: AcceptedContext) -> SignOnVerdict {
        let principal = context.principal
        guard principal.components.count == 1 else {
            let detail =
                "\(LogText.escaped(principal.description)) is a service's principal or an instance, no person's"
            return .refused(SignOnRefusal(reason: "ticket-of-no-person", detail: detail))
        }
        return .proved(
            SignOnPrincipal(name: principal.components[0], realm: principal.realm),
            reply: context.reply
        )
    }

    private static func metadata(_ error: NegotiateError) -> Logger.Metadata {
        ["reason": "\(error.code)", "error": "\(error)"]
    }
}

/// Lets one line a minute through: a keytab out of date fails every ticket.
private final class TroubleLimiter: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    func mayTell() -> Bool {
        last.withLock { last in
            let now = ContinuousClock.now
            if let last, now < last + .seconds(60) { return false }
            last = now
            return true
        }
    }
}
