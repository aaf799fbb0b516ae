import EventPoller

extension LDAPDialer {
    /// What came of binding the service account.
    struct ServiceBind {
        /// Who was taken; nil when nobody was.
        var accepted: PreparedIdentity?
        var refusals: [LDAPServiceRefusal] = []
        /// Why nobody was taken.
        var failure: LDAPError?
    }

    /// The identities that are worth a try now, in order, their passwords read: not those refused a moment ago.
    ///
    /// Asked before a connection is made for them.
    func prepareService(deadline: ContinuousClock.Instant) async -> (ready: [PreparedIdentity], ServiceBind) {
        var ready: [PreparedIdentity] = []
        var bind = ServiceBind()
        var reasons: [String] = []
        var code: LDAPResultCode?
        for (position, identity) in settings.serviceIdentities.enumerated() {
            guard case .simple(let dn, let credential) = identity else {
                ready.append(PreparedIdentity(identity, position: position, credential: nil))
                continue
            }
            let password: any LDAPCredential
            do throws(LDAPError) {
                password = try await readCredential(credential, deadline)
            } catch {
                guard error.code == .serviceBind else {
                    bind.failure = error
                    return ([], bind)
                }
                reasons.append("\(dn): \(error.message)")
                bind.refusals.append(
                    LDAPServiceRefusal(
                        dn: dn,
                        position: position,
                        reason: error.message,
                        resultCode: nil,
                        retryAfter: nil
                    )
                )
                continue
            }
            let prepared = PreparedIdentity(identity, position: position, credential: password)
            switch refusals.verdict(dn: dn, fingerprint: prepared.fingerprint, host: settings.url) {
            case .mayTry:
                ready.append(prepared)
            case .wait(let said, let resultCode, let until):
                let seconds = max(1, (until - .now).components.seconds + 1)
                reasons.append("\(dn): \(said); tried again in \(seconds) s, or when its password changes")
                code = resultCode
            }
        }
        if ready.isEmpty { bind.failure = refused(reasons, code) }
        return (ready, bind)
    }

    /// These were not bound after all: a retry that was due still is.
    func giveBackTries(_ identities: some Sequence<PreparedIdentity>) {
        for prepared in identities {
            guard case .simple(let dn, _) = prepared.identity else { continue }
            refusals.giveBack(dn: dn, fingerprint: prepared.fingerprint, host: settings.url)
        }
    }

    /// Binds as the first of the identities that the server accepts.
    func bindService(
        _ connection: LDAPConnection,
        as identities: [PreparedIdentity],
        deadline: ContinuousClock.Instant,
        steps: inout Steps
    ) async -> ServiceBind {
        var outcome = ServiceBind()
        var reasons: [String] = []
        var lastCode: LDAPResultCode?
        // Who was not asked for all that keeps the right to a try.
        var untried = identities[...]
        defer { giveBackTries(untried) }
        while let prepared = untried.popFirst() {
            let begun = ContinuousClock.now
            let identity = prepared.identity
            do throws(LDAPError) {
                let response = try await bind(connection, prepared, deadline)
                guard let response, response.resultCode != .success else {
                    if case .simple(let dn, _) = identity {
                        refusals.accepted(dn: dn, fingerprint: prepared.fingerprint)
                    }
                    steps.append(.init(.serviceBind, begun, "\(identity)"))
                    outcome.accepted = prepared
                    return outcome
                }
                let code = response.resultCode
                lastCode = code
                reasons.append("\(identity): \(Self.sentence(response))")
                steps.append(.init(.serviceBind, begun, "\(identity)", refused(reasons, code)))
                guard !code.isServerTrouble else { break }
                outcome.refusals.append(note(prepared, response))
                // Another identity helps only against a refusal of this one.
                guard Self.refusesIdentity.contains(code.rawValue) else { break }
            } catch {
                steps.append(.init(.serviceBind, begun, "\(identity)", error))
                guard error.code == .serviceBind else {
                    if !error.requestWasWritten { giveBackTries([prepared]) }
                    outcome.failure = error
                    return outcome
                }
                reasons.append(error.message)
            }
        }
        outcome.failure = refused(reasons, lastCode)
        return outcome
    }

    /// A wrong password, a locked (19 of 389, 53) or vanished account.
    private static let refusesIdentity: Set<Int32> = [19, 32, 34, 48, 49, 50, 53]

    private func note(_ prepared: PreparedIdentity, _ response: BindResponse) -> LDAPServiceRefusal {
        let said = Self.sentence(response)
        var retryAfter: Duration?
        // Only a password can be guessed at, and only such an account locks.
        if case .simple(let dn, _) = prepared.identity {
            retryAfter = refusals.refused(
                dn: dn,
                fingerprint: prepared.fingerprint,
                host: settings.url,
                said: said,
                code: response.resultCode,
                isGuess: refusals.countsAsGuess(response)
            )
        }
        return LDAPServiceRefusal(
            dn: "\(prepared.identity)",
            position: prepared.position,
            reason: said,
            resultCode: response.resultCode,
            retryAfter: retryAfter
        )
    }

    private func refused(_ reasons: [String], _ code: LDAPResultCode?) -> LDAPError {
        let why = reasons.isEmpty ? "no searching identity is configured" : reasons.joined(separator: "; ")
        return LDAPError(.serviceBind, "\(settings.url): service bind failed: \(why)", resultCode: code)
    }

    /// Nil when nothing has to be sent.
    private func bind(
        _ connection: LDAPConnection,
        _ prepared: PreparedIdentity,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse? {
        switch prepared.identity {
        case .anonymous:
            return nil
        case .external:
            return try await connection.externalBind(deadline: deadline)
        case .simple(let dn, _):
            guard let password = prepared.credential else { return nil }
            return try await Self.simpleBind(connection, dn, password, deadline)
        }
    }

    /// Opens the existential: the connection's method is generic over the credential.
    private static func simpleBind(
        _ connection: LDAPConnection,
        _ dn: String,
        _ password: some LDAPCredential,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse {
        do throws(LDAPError) {
            return try await connection.simpleBind(dn: dn, password: password, controls: [], deadline: deadline)
        } catch {
            guard error.code == .invalidArgument else { throw error }
            throw LDAPError(.serviceBind, error.message)
        }
    }

    private struct Unreadable: Error {}

    /// Usually a file is read: on the pool.
    /// - Throws: `.serviceBind` when it cannot be read; `.overloaded` or `.cancelled` when nobody tried.
    private func readCredential(
        _ credential: @escaping @Sendable () throws -> any LDAPCredential,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> any LDAPCredential {
        let read: Result<any LDAPCredential, Unreadable>
        do throws(BlockingPool.GivenUp) {
            read = try await pool.run(until: deadline, on: poller) {
                Result { try credential() }.mapError { _ in Unreadable() }
            }
        } catch {
            if error.reason == .cancelled { throw LDAPError(.cancelled, "\(settings.url): cancelled while connecting") }
            throw LDAPError(.overloaded, "\(settings.url): no thread was free to read a password in time")
        }
        guard case .success(let password) = read else {
            throw LDAPError(.serviceBind, "its password cannot be read")
        }
        return password
    }

    /// One number for all the passwords as they are now; nil while one cannot be read.
    func servicePasswords(deadline: ContinuousClock.Instant) async -> Int? {
        var hasher = Hasher()
        for case .simple(let dn, let credential) in settings.serviceIdentities {
            do throws(LDAPError) {
                let password = try await readCredential(credential, deadline)
                hasher.combine(dn)
                hasher.combine(PreparedIdentity.fingerprint(password))
            } catch {
                return nil
            }
        }
        return hasher.finalize()
    }

    private static func sentence(_ response: BindResponse) -> String {
        let text = LDAPHandle.text(of: response.resultCode.rawValue)
        let said = response.diagnosticMessage.isEmpty ? "" : ": \(response.diagnosticMessage)"
        return "\(response.resultCode) (\(text))\(said)"
    }
}
