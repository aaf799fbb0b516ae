import ArgumentParser
import Authentication

/// `ldapauthd user add NAME`.
struct UserAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "add", abstract: "Adds a local account.")

    @Argument(help: "The name to log in with.")
    var name: String
    @Option(help: "Given name.")
    var firstName: String?
    @Option(help: "Family name.")
    var lastName: String?
    @Option(help: "Mail address.")
    var email: String?
    @Option(name: .customLong("group"), help: "A group the account is in; may be repeated.")
    var groups: [String] = []
    @Option(help: ArgumentHelp("A file with the password, or - for standard input; asks otherwise.", valueName: "file"))
    var passwordFile: String?
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            try await AccountRoom.open(config, making: true) { accounts in
                let password = try PasswordPrompt.read(from: passwordFile, prompt: "Password for \(name)", twice: true)
                let new = NewAccount(name: name, firstName: firstName, lastName: lastName, email: email, groups: groups)
                let account = try await accounts.add(new, password: password)
                Operator.leaveTrace("user add", user: account.name)
                Terminal.say("Added the local account “\(Terminal.plain(account.name))”.")
            }
        }
    }
}
