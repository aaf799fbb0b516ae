import ArgumentParser
import Authentication

/// `ldapauthd user set NAME`.
struct UserSet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set",
        abstract: "Changes names, address and groups of a local account.",
        discussion: "What is not given stays; an empty text empties a field: --email ''."
    )

    @Argument(help: "The account's name.")
    var name: String
    @Option(help: "Given name.")
    var firstName: String?
    @Option(help: "Family name.")
    var lastName: String?
    @Option(help: "Mail address.")
    var email: String?
    @Option(name: .customLong("add-group"), help: "A group to be in; may be repeated.")
    var addedGroups: [String] = []
    @Option(name: .customLong("remove-group"), help: "A group to leave; may be repeated.")
    var removedGroups: [String] = []
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        if firstName == nil, lastName == nil, email == nil, addedGroups.isEmpty, removedGroups.isEmpty {
            throw ValidationError("There is nothing to change: give at least one option.")
        }
    }

    func run() async throws {
        try await reporting {
            try await AccountRoom.open(config) { accounts in
                let change = AccountChange(
                    firstName: firstName,
                    lastName: lastName,
                    email: email,
                    addedGroups: addedGroups,
                    removedGroups: removedGroups
                )
                let account = try await accounts.change(name, change)
                Operator.leaveTrace("user set", user: account.name)
                Terminal.say("Changed the local account “\(Terminal.plain(account.name))”.")
            }
        }
    }
}

/// `ldapauthd user disable NAME`.
struct UserDisable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Lets an account log in no more and ends its sessions."
    )

    @Argument(help: "The account's name.")
    var name: String
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            try await AccountRoom.open(config) { accounts in
                let account = try await accounts.setDisabled(true, name: name)
                Operator.leaveTrace("user disable", user: account.name)
                Terminal.say("Disabled the local account “\(Terminal.plain(account.name))”; its sessions have ended.")
            }
        }
    }
}

/// `ldapauthd user enable NAME`.
struct UserEnable: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable",
        abstract: "Lets a disabled account log in again."
    )

    @Argument(help: "The account's name.")
    var name: String
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            try await AccountRoom.open(config) { accounts in
                let account = try await accounts.setDisabled(false, name: name)
                Operator.leaveTrace("user enable", user: account.name)
                Terminal.say("Enabled the local account “\(Terminal.plain(account.name))”.")
            }
        }
    }
}

/// `ldapauthd user password NAME`.
struct UserPassword: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password",
        abstract: "Sets an account's password and ends its sessions.",
        discussion: """
            A name like corp:alice is a person of the directory corp: the present password is asked for as well, and the \
            directory's own rules apply.
            """
    )

    @Argument(help: "The account's name, or DIRECTORY:NAME.")
    var name: String
    @Option(
        help: ArgumentHelp(
            "For a person of a directory: a file with the present password, or -; asks otherwise.",
            valueName: "file"
        )
    )
    var oldPasswordFile: String?
    @Option(help: ArgumentHelp("A file with the password, or - for standard input; asks otherwise.", valueName: "file"))
    var passwordFile: String?
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        if oldPasswordFile == "-", passwordFile == "-" {
            throw ValidationError("Standard input can hold one of the two passwords only.")
        }
    }

    func run() async throws {
        try await reporting {
            if let person = try DirectoryPassword(name, config) {
                let account = try await person.change(from: oldPasswordFile, to: passwordFile)
                Operator.leaveTrace("user password", user: account)
                return Terminal.say("Changed the password of “\(Terminal.plain(account))”; the sessions have ended.")
            }
            guard oldPasswordFile == nil else {
                throw CommandFailure(
                    .badInput,
                    "--old-password-file is for people of a directory, written DIRECTORY:NAME; a local account needs none"
                )
            }
            try await AccountRoom.open(config) { accounts in
                _ = try await accounts.account(named: name)
                let password = try PasswordPrompt.read(
                    from: passwordFile,
                    prompt: "New password for \(name)",
                    twice: true
                )
                let account = try await accounts.setPassword(password, name: name)
                Operator.leaveTrace("user password", user: account.name)
                Terminal.say("Set the password of “\(Terminal.plain(account.name))”; its sessions have ended.")
            }
        }
    }
}

/// `ldapauthd user remove NAME`.
struct UserRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Removes an account for good and ends its sessions.",
        discussion: "Its userId is never given to anybody else. To lock somebody out for a while, disable the account."
    )

    @Argument(help: "The account's name.")
    var name: String
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            try await AccountRoom.open(config) { accounts in
                let account = try await accounts.account(named: name)
                try await accounts.remove(name)
                Operator.leaveTrace("user remove", user: account.name)
                Terminal.say("Removed the local account “\(Terminal.plain(account.name))”; its sessions have ended.")
            }
        }
    }
}
