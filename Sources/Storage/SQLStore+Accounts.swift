public import Authentication
public import FoundationEssentials
import Tokens

extension SQLStore: AccountStore {
    private static let columns = """
        id, name, first_name, last_name, email, group_names, password_hash, is_disabled, created_at, password_changed_at
        """

    private static let selectByName = "SELECT \(columns) FROM account WHERE folded_name = $1"
    private static let selectByID = "SELECT \(columns) FROM account WHERE id = $1"
    private static let selectAll = "SELECT \(columns) FROM account ORDER BY folded_name"

    private static let insertAccount = """
        INSERT INTO account (\(columns), folded_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        """

    /// An UPDATE that changes nothing and not a SELECT: it locks the row, so that no other change comes between reading
    /// and writing, on a database with several writers too.
    private static let lockAccount = "UPDATE account SET name = name WHERE id = $1 RETURNING \(columns)"

    private static let selectUsable =
        "SELECT 1 FROM account WHERE is_disabled = $1 AND password_hash IS NOT NULL LIMIT 1"

    private static let updateAccount = """
        UPDATE account
        SET name = $2, first_name = $3, last_name = $4, email = $5, group_names = $6, password_hash = $7,
            is_disabled = $8, created_at = $9, password_changed_at = $10, folded_name = $11
        WHERE id = $1
        """

    private static let replaceHash =
        "UPDATE account SET password_hash = $3 WHERE id = $1 AND password_hash = $2 RETURNING 1"

    /// The account whose folded name is `foldedName`, or nil. One read.
    public func account(foldedName: String) async throws(StoreError) -> LocalAccount? {
        // As typed by a stranger; no account has such a name, and the database would refuse the question.
        guard !foldedName.containsNUL else { return nil }
        return try await database.query(Self.selectByName, [.text(foldedName)]).first.map(Self.account)
    }

    /// The account with that id, or nil. One read.
    public func account(id: UUID) async throws(StoreError) -> LocalAccount? {
        try await database.query(Self.selectByID, [.text(SessionRow.id(id))]).first.map(Self.account)
    }

    /// All accounts by folded name.
    public func accounts() async throws(StoreError) -> [LocalAccount] {
        var accounts: [LocalAccount] = []
        for row in try await database.query(Self.selectAll, []) { accounts.append(try Self.account(row)) }
        return accounts
    }

    /// True when there is an enabled account with a password: somebody local can log in. One read, which waits behind no login.
    public func hasUsableAccount() async throws(StoreError) -> Bool {
        try await !database.apart.query(Self.selectUsable, [.truth(false)]).isEmpty
    }

    /// Adds accounts with their groups, all or none; `.conflict` when a folded name, or an id, is taken.
    public func insert(
        _ accounts: [LocalAccount],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(StoreError) {
        try await database.unlimited.transaction { (sql) async throws(StoreError) in
            for (index, account) in accounts.enumerated() {
                try await Self.write(account, Self.insertAccount, sql)
                if index % 256 == 255 { progress(index + 1) }
            }
        }
    }

    /// Changes account `id` in one transaction and returns it as it then is; nil when there is none. `.conflict` when
    /// the folded name is taken.
    ///
    /// Its sessions end in the same transaction when it becomes disabled or its password changes.
    public func update(
        id: UUID,
        _ change: @escaping @Sendable (inout LocalAccount) -> Void
    ) async throws(StoreError) -> LocalAccount? {
        let now = clock.now()
        return try await database.transaction { (sql) async throws(StoreError) in
            guard let row = try await sql.query(Self.lockAccount, [.text(SessionRow.id(id))]).first else { return nil }
            let old = try Self.account(row)
            var account = old
            change(&account)
            account.id = id
            guard account != old else { return old }
            try await Self.write(account, Self.updateAccount, sql)
            let isNewPassword =
                old.passwordHash != account.passwordHash || old.passwordChangedAt != account.passwordChangedAt
            if isNewPassword || (account.isDisabled && !old.isDisabled) {
                try await Self.endSessions(of: account.stableID, now: now, sql)
            } else {
                try await Self.noteChange(of: Self.key(account.stableID), now: now, sql)
            }
            return account
        }
    }

    /// Replaces the password hash, but only while it is still `old`; false when it is not. Ends no session.
    public func replaceHash(of id: UUID, _ old: String, with new: String) async throws(StoreError) -> Bool {
        let values: [SQLValue] = [.text(SessionRow.id(id)), .text(old), .text(new)]
        return try await database.transaction { (sql) async throws(StoreError) in
            try await !sql.query(Self.replaceHash, values).isEmpty
        }
    }

    /// Removes the account and ends its sessions; false when there is none. Its identity and userId stay taken.
    public func remove(id: UUID) async throws(StoreError) -> Bool {
        let now = clock.now()
        return try await database.transaction { (sql) async throws(StoreError) in
            let key = SessionRow.id(id)
            let rows = try await sql.query("DELETE FROM account WHERE id = $1 RETURNING 1", [.text(key)])
            guard !rows.isEmpty else { return false }
            try await Self.endSessions(of: key, now: now, sql)
            return true
        }
    }

    /// Ends the sessions of an account, and lets every process know that a password proved a moment ago may be one no more.
    private static func endSessions(
        of stableID: String,
        now: Timestamp,
        _ sql: any SQLTransaction
    ) async throws(StoreError) {
        _ = try await end(.identity(key(stableID)), now: now, sql)
    }

    private static func key(_ stableID: String) -> IdentityKey { IdentityKey(source: .local, stableID: stableID) }

    private static func write(
        _ account: LocalAccount,
        _ statement: String,
        _ sql: any SQLTransaction
    ) async throws(StoreError) {
        do {
            _ = try await sql.query(statement, values(account))
        } catch  where error.code == .conflict {
            throw StoreError(.conflict, "an account with the name \"\(account.name)\" exists already")
        }
    }

    private static func values(_ account: LocalAccount) -> [SQLValue] {
        [
            .text(account.stableID), .text(account.name), .optional(account.firstName), .optional(account.lastName),
            .optional(account.email), .text(TextList.encode(account.groups)), .optional(account.passwordHash),
            .truth(account.isDisabled), .integer(account.createdAt.milliseconds),
            .integer(account.passwordChangedAt.milliseconds), .text(account.foldedName),
        ]
    }

    private static func account(_ row: SQLRow) throws(StoreError) -> LocalAccount {
        guard let id = UUID(uuidString: try row.text(0)) else {
            throw StoreError(.unusable, "the database holds an account this program cannot read: restore a backup")
        }
        return LocalAccount(
            id: id,
            name: try row.text(1),
            firstName: try row.optionalText(2),
            lastName: try row.optionalText(3),
            email: try row.optionalText(4),
            groups: TextList.decode(try row.text(5)),
            passwordHash: try row.optionalText(6),
            isDisabled: try row.integer(7) != 0,
            createdAt: Timestamp(milliseconds: try row.integer(8)),
            passwordChangedAt: Timestamp(milliseconds: try row.integer(9))
        )
    }
}
