import EventPoller

extension LDAPDialer {
    /// Binds as the first service identity that the server accepts.
    /// - Throws: `.serviceBind` with the last refusal when none works, or what the connection threw.
    func bindService(
        _ connection: LDAPConnection,
        deadline: ContinuousClock.Instant,
        steps: inout Steps
    ) async throws(LDAPError) {
        var refusals: [String] = []
        var lastCode: LDAPResultCode?
        for identity in settings.serviceIdentities {
            let begun = ContinuousClock.now
            do throws(LDAPError) {
                guard let response = try await bind(connection, identity, deadline) else {
                    steps.append(.init(.serviceBind, begun, "\(identity)"))
                    return
                }
                let code = response.resultCode
                if code == .success {
                    steps.append(.init(.serviceBind, begun, "\(identity)"))
                    return
                }
                lastCode = code
                refusals.append("\(identity): \(Self.sentence(response))")
                steps.append(.init(.serviceBind, begun, "\(identity)", refused(refusals, code)))
                // Another identity helps only against a refusal of this one.
                guard [.invalidCredentials, .inappropriateAuthentication, .unwillingToPerform].contains(code) else {
                    break
                }
            } catch {
                guard error.code == .serviceBind else {
                    steps.append(.init(.serviceBind, begun, "\(identity)", error))
                    throw error
                }
                refusals.append(error.message)
                steps.append(.init(.serviceBind, begun, "\(identity)", error))
            }
        }
        throw refused(refusals, lastCode)
    }

    private func refused(_ refusals: [String], _ code: LDAPResultCode?) -> LDAPError {
        let why = refusals.isEmpty ? "no searching identity is configured" : refusals.joined(separator: "; ")
        return LDAPError(.serviceBind, "\(settings.url): service bind failed: \(why)", resultCode: code)
    }

    /// Nil when nothing has to be sent.
    private func bind(
        _ connection: LDAPConnection,
        _ identity: ServiceIdentity,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> BindResponse? {
        switch identity {
        case .anonymous:
            return nil
        case .external:
            return try await connection.externalBind(deadline: deadline)
        case .simple(let dn, let credential):
            let read = await readCredential(credential, deadline)
            guard case .success(let password) = read else {
                throw LDAPError(.serviceBind, "\(identity): its password cannot be read")
            }
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
    private func readCredential(
        _ credential: @escaping @Sendable () throws -> any LDAPCredential,
        _ deadline: ContinuousClock.Instant
    ) async -> Result<any LDAPCredential, Unreadable> {
        do throws(BlockingPool.GivenUp) {
            return try await pool.run(until: deadline, on: poller) {
                Result { try credential() }.mapError { _ in Unreadable() }
            }
        } catch {
            return .failure(Unreadable())
        }
    }

    private static func sentence(_ response: BindResponse) -> String {
        let text = LDAPHandle.text(of: response.resultCode.rawValue)
        return "\(response.resultCode) (\(text)) \(response.diagnosticMessage)"
    }
}
