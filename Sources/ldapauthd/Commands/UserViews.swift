import ArgumentParser
import Authentication

/// `ldapauthd user list`.
struct UserList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the local accounts.")

    @Flag(help: "One JSON array, for scripts.")
    var json = false
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            try await AccountRoom.look(config) { accounts in
                let list = try await accounts.list()
                if json {
                    Terminal.say(JSONText.array(list.map { AccountView.json($0) }))
                } else if list.isEmpty {
                    Terminal.complain("There are no local accounts; `ldapauthd user add NAME` makes one.")
                } else {
                    Terminal.say(
                        Terminal.table(
                            ["NAME", "FIRST NAME", "LAST NAME", "EMAIL", "GROUPS", "STATE"],
                            list.map { account in
                                [
                                    account.name, account.firstName ?? "", account.lastName ?? "", account.email ?? "",
                                    account.groups.joined(separator: ","), AccountView.state(account),
                                ]
                            }
                        )
                    )
                }
            }
        }
    }
}

/// `ldapauthd user show NAME`.
struct UserShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Shows one local account.")

    @Argument(help: "The account's name.")
    var name: String
    @Flag(help: "One JSON object, for scripts.")
    var json = false
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            try await AccountRoom.look(config) { accounts in
                let account = try await accounts.account(named: name)
                if json {
                    Terminal.say(AccountView.json(account))
                    return
                }
                let rows = [
                    ("name", account.name), ("first name", account.firstName ?? ""),
                    ("last name", account.lastName ?? ""),
                    ("email", account.email ?? ""), ("groups", account.groups.joined(separator: ", ")),
                    ("state", AccountView.state(account)), ("subject", "0:\(account.stableID)"),
                    ("created", DateText.utc(account.createdAt)),
                    ("password set", account.passwordHash == nil ? "never" : DateText.utc(account.passwordChangedAt)),
                ]
                for (label, value) in rows {
                    let padding = String(repeating: " ", count: 14 - label.count)
                    Terminal.say("\(label)\(padding)\(Terminal.plain(value))")
                }
            }
        }
    }
}

/// How an account is shown.
enum AccountView {
    static func state(_ account: LocalAccount) -> String {
        if account.isDisabled { return "disabled" }
        return account.passwordHash == nil ? "no password" : "enabled"
    }

    /// - Parameter withHash: only where somebody asked for it in so many words.
    static func json(_ account: LocalAccount, withHash: Bool = false) -> String {
        let hash = withHash ? [("password_hash", JSONText.optional(account.passwordHash))] : []
        return JSONText.object(
            [
                ("id", JSONText.string(account.stableID)),
                ("name", JSONText.string(account.name)),
                ("first_name", JSONText.optional(account.firstName)),
                ("last_name", JSONText.optional(account.lastName)),
                ("email", JSONText.optional(account.email)),
                ("groups", JSONText.array(account.groups.map(JSONText.string))),
                ("disabled", account.isDisabled ? "true" : "false"),
                ("has_password", account.passwordHash == nil ? "false" : "true"),
                ("created_at", String(account.createdAt.seconds)),
                ("password_changed_at", String(account.passwordChangedAt.seconds)),
            ] + hash
        )
    }
}
