internal import FoundationEssentials

extension AccountService {
    /// What a file comes to, judged and not yet kept.
    public struct ImportPlan: Sendable {
        /// The accounts as they would be kept.
        public internal(set) var accounts: [LocalAccount] = []
        /// What stands in the way, by line.
        public internal(set) var problems: [AccountFile.Remark]
        /// What is left out or will be different here, by line.
        public internal(set) var notes: [AccountFile.Remark]
    }

    /// Judges every account of a file against the rules and against those there are.
    ///
    /// - Parameter groups: groups that all of them will be in besides their own.
    /// - Throws: `.unavailable` when the store does not answer; what is wrong with a line is in the plan.
    public func plan(_ file: AccountFile, groups: [String] = []) async throws(AccountError) -> ImportPlan {
        let groups = try AccountFields.groups(groups)
        var plan = ImportPlan(problems: file.problems, notes: file.notes)
        // Where each name and id was seen first; 0 is the store.
        var names: [String: Int] = [:]
        var ids: [UUID: Int] = [:]
        for account in try await list() {
            names[account.foldedName] = 0
            ids[account.id] = 0
        }
        let now = now
        for record in file.records {
            do throws(AccountError) {
                let account = try Self.account(record, groups: groups, now: now)
                if let line = names[account.foldedName] { throw Self.taken("the name “\(account.name)”", line) }
                if let line = ids[account.id] { throw Self.taken("that id", line) }
                names[account.foldedName] = record.line
                ids[account.id] = record.line
                plan.accounts.append(account)
            } catch {
                plan.problems.append(AccountFile.Remark(line: record.line, sentence: error.description))
            }
        }
        plan.problems.sort { $0.line < $1.line }
        return plan
    }

    /// Keeps all accounts of a plan in one transaction, or none.
    ///
    /// - Parameter progress: told now and then how many have been written.
    /// - Throws: `.conflict` when a name was taken meanwhile, `.unavailable`.
    public func carryOut(
        _ plan: ImportPlan,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(AccountError) {
        guard !plan.accounts.isEmpty else { return }
        try await insert(plan.accounts, progress)
    }

    private static func account(
        _ record: AccountRecord,
        groups: [String],
        now: Timestamp
    ) throws(AccountError) -> LocalAccount {
        let changed = record.passwordChangedAt ?? now
        var account = LocalAccount(
            name: try AccountFields.accountName(record.name),
            firstName: try AccountFields.personName(record.firstName, field: "first name"),
            lastName: try AccountFields.personName(record.lastName, field: "last name"),
            email: try AccountFields.email(record.email),
            groups: try AccountFields.groups(record.groups + groups),
            isDisabled: record.isDisabled,
            createdAt: record.createdAt ?? now,
            passwordChangedAt: changed
        )
        if let id = record.id { account.id = id }
        if let hash = record.passwordHash { account.passwordHash = try PasswordHasher.storable(hash) }
        return account
    }

    private static func taken(_ what: String, _ line: Int) -> AccountError {
        line == 0
            ? AccountError(
                .conflict,
                "there is an account with \(what) already; leave the line out, or remove that account"
            )
            : AccountError(.conflict, "line \(line) has \(what) already, and case makes no difference; leave one out")
    }
}
