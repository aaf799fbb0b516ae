internal import Authentication
internal import LDAPClient

/// A bind that was refused, and whether the server's words leave open why.
struct BindRefusal: Sendable {
    var rejection: Rejection
    /// See `BindVerdict.isBare`.
    var isBare = false

    /// A refusal that is what it says.
    init(rejection: Rejection) {
        self.rejection = rejection
    }

    /// - Parameter rejection: what the response says by itself.
    init(_ response: BindResponse, _ rejection: Rejection, kind: DirectoryKind) {
        self.rejection = rejection
        isBare = BindVerdict.isBare(response, kind: kind)
        if BindVerdict.isDoubtful(response, kind: kind) { self.rejection.isConclusive = false }
    }
}

extension Directory {
    /// Looks what a bare refusal hides. Somebody who is locked may have typed the right password, which must not be taken for
    /// a wrong one once the lock is gone.
    ///
    /// Only after a refusal, by one read of the entry at most, in half of the time that is left: whatever becomes of it, the
    /// person is refused. Without an account to search with, the server's word has to do.
    ///
    /// - Parameters:
    ///   - before: the entry as it was when the bind began, where it was read just then.
    ///   - after: the entry as it was when the bind was over, where it was read since.
    func explain(
        _ refusal: BindRefusal,
        of dn: String,
        before: LDAPEntry? = nil,
        after: LDAPEntry? = nil,
        deadline: ContinuousClock.Instant
    ) async -> Rejection {
        guard refusal.isBare, hasSearchingIdentity else { return refusal.rejection }
        let now = ContinuousClock.now
        let limit = now + (deadline - now) / 2
        do throws(LDAPError) {
            if let before,
                let finding = try await hidden(before, limit) ?? AccountState.delay(before, now: wallClock.now())
            {
                return refusal.rejection.because(finding)
            }
            var last = after
            if last == nil { last = try await state(of: dn, limit) }
            guard let last else { return refusal.rejection }
            var rejection = refusal.rejection
            if let finding = try await hidden(last, limit) {
                guard before != nil else { return rejection.because(finding) }
                // By this very failure, or by another's a moment before the bind.
                rejection.detail += "; \(finding.detail)"
                rejection.isConclusive = false
            } else if before == nil, AccountState.delay(last, now: wallClock.now()) != nil {
                // A wrong password begins such a delay, too: which came first cannot be seen afterwards.
                rejection.isConclusive = false
            }
            return rejection
        } catch {
            var rejection = refusal.rejection
            rejection.isConclusive = false
            rejection.detail += "; whether the account is locked could not be read: \(error.message)"
            return rejection
        }
    }

    /// What speaks against the account and not its password.
    private func hidden(
        _ entry: LDAPEntry,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> AccountState.Finding? {
        // What a policy says decides about the stamp of a lock only.
        let known =
            entry["pwdAccountLockedTime"].isEmpty
            ? [] : try await policies.policies(of: entry, by: hosts, deadline: deadline)
        return AccountState.findings(entry, kind: settings.kind, policies: known, now: wallClock.now())
            .first { !$0.concernsPassword }
    }

    /// Nil when the entry is not there, or may not be seen.
    private func state(
        of dn: String,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> LDAPEntry? {
        let attributes = AccountState.attributes(of: settings.kind)
        let request = SearchRequest(base: dn, scope: .base, attributes: attributes)
        do throws(LDAPError) { return try await hosts.search(request, deadline: deadline).entries.first } catch {
            guard error.resultCode == .noSuchObject else { throw error }
            return nil
        }
    }
}

extension Rejection {
    fileprivate func because(_ finding: AccountState.Finding) -> Rejection {
        var rejection = self
        rejection.reason = finding.reason
        rejection.detail += "; \(finding.detail)"
        return rejection
    }
}
