internal import CGSSAPI
internal import Synchronization

// Negotiate owns the accepting side of HTTP Negotiate (RFC 4559): it takes a client's first token, asks GSSAPI whether the
// Kerberos ticket in it is good, and answers who it is and what to reply. It also reads keytabs, for whoever must find out
// why a ticket is not accepted. It knows no HTTP and nobody's accounts. Its calls block (the keytab and the replay cache
// are files), so whoever calls it, DirectoryAuth for logins and the program for `check`, does so on a pool of threads.

/// Accepts Kerberos tickets for one service with the keys of a keytab, in one leg.
///
/// The keytab and the replay cache are named to the library through a credential store (gss_acquire_cred_from(3)), so no
/// variable of the environment is set or read for them. A keytab that changes is used from the next token on.
public final class NegotiateAcceptor: Sendable {
    /// Where the keys are and how strict it is.
    public struct Settings: Sendable, Hashable {
        /// The path of the keytab.
        public var keytab: String
        /// The first part of the service's principals, such as `HTTP`; any host name after it is accepted.
        public var service: String
        /// The path of the file that remembers authenticators seen (RFC 4120 §3.2.3); made when absent, and private to
        /// this process's user. Nil takes the library's own place for this user.
        public var replayCache: String?
        /// Whether a ticket must belong to the TLS connection it comes over.
        public var channelBinding: ChannelBindingPolicy

        /// Settings for one service.
        public init(keytab: String, service: String, replayCache: String?, channelBinding: ChannelBindingPolicy) {
            self.keytab = keytab
            self.service = service
            self.replayCache = replayCache
            self.channelBinding = channelBinding
        }
    }

    private struct Held {
        var credential: AcceptorCredential
        var stamp: FileStamp
    }

    /// What it was made with.
    public let settings: Settings
    private let held = Mutex<Held?>(nil)

    /// An acceptor; reads nothing yet.
    public init(_ settings: Settings) {
        self.settings = settings
    }

    /// Judges a client's first token; blocks.
    ///
    /// - Parameters:
    ///   - token: as it came behind `Negotiate`, base64 taken off: SPNEGO (RFC 4178) or a bare Kerberos token (RFC 4121).
    ///   - endPoint: the `tls-server-end-point` of the connection it came over (RFC 5929 §4); nil without TLS of our own.
    /// - Throws: `NegotiateError`; only `.keytab` and `.replayCache` are this side's fault.
    public func accept(_ token: [UInt8], endPoint: [UInt8]?) throws(NegotiateError) -> AcceptedContext {
        let initial = try InitialToken(token)
        if settings.channelBinding == .require, endPoint == nil {
            throw NegotiateError(.channelBindingMissing, "the request did not come over a TLS connection of our own")
        }
        let credential = try currentCredential()
        let binding = settings.channelBinding == .none ? nil : endPoint
        let outcome = credential.accept(token, endPoint: binding)
        if let failure = outcome.failure {
            let inner = initial.isWrapped && failure.hidesCause ? initial.kerberosToken : nil
            guard let inner else { throw failure.error(settings) }
            throw (try cause(inner, binding, credential) ?? failure).error(settings)
        }
        guard outcome.isComplete else {
            throw NegotiateError(.anotherLegNeeded, "the client's mechanism wants more than one exchange")
        }
        guard settings.channelBinding != .require || outcome.isBound else {
            throw NegotiateError(.channelBindingMissing, "the client did not bind its ticket to the TLS connection")
        }
        guard let name = outcome.name, let principal = KerberosPrincipal(name) else {
            throw NegotiateError(.malformedToken, "the ticket names nobody")
        }
        return AcceptedContext(principal: principal, reply: outcome.reply, isBound: outcome.isBound)
    }

    /// Why a Kerberos token within SPNEGO was refused. Through SPNEGO the library replaces the mechanism's code by a number
    /// of its own; asked about the bare token it tells the real one.
    ///
    /// Without the replay cache first, which remembers the token already: it is noted before clocks are compared. What is
    /// refused with the cache only was refused by the cache.
    private func cause(
        _ token: [UInt8],
        _ binding: [UInt8]?,
        _ credential: AcceptorCredential
    ) throws(NegotiateError) -> MechanismFailure? {
        try AcceptorCredential(settings, remembers: false).accept(token, endPoint: binding).failure
            ?? credential.accept(token, endPoint: binding).failure
    }

    /// The credentials, acquired again when the keytab is another file than before.
    private func currentCredential() throws(NegotiateError) -> AcceptorCredential {
        // Looked at before it is read, so that a change in between is seen next time.
        let stamp = FileStamp(path: settings.keytab)
        if let held = held.withLock({ $0 }), held.stamp == stamp { return held.credential }
        let credential = try AcceptorCredential(settings)
        held.withLock { $0 = Held(credential: credential, stamp: stamp) }
        return credential
    }
}
