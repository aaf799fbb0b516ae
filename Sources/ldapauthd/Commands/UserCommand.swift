import ArgumentParser

/// `ldapauthd user …`: local accounts.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "Adds, changes and shows local accounts.",
        discussion: """
            Local accounts live in the daemon's own store, beside the directories. A change is obeyed by a running daemon \
            within a second. Run it as root or as the service's user.
            """,
        subcommands: [
            UserAdd.self, UserSet.self, UserList.self, UserShow.self, UserDisable.self, UserEnable.self,
            UserPassword.self, UserRemove.self, UserImport.self, UserExport.self,
        ]
    )
}
