import ArgumentParser
import CLinux
import Glibc

// The program: commands, configuration, and the wiring that builds every room from it. It is the only target that sees
// all others, and holds no rule of its own about who is let in or what a token says.

/// `ldapauthd`.
@main
struct Ldapauthd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ldapauthd",
        abstract: "Turns the people in your LDAP directories into tokens.",
        version: "ldapauthd \(Version.number)",
        subcommands: [
            ServeCommand.self, ReloadCommand.self, CheckCommand.self, LoginCommand.self, UserCommand.self,
            SessionCommand.self, RevokeBeforeCommand.self, KeyCommand.self, StorageCommand.self, ClientCommand.self,
            ConfigCommand.self, VersionCommand.self,
        ]
    )

    /// What holds for every command, since all of them may hold passwords.
    static func main() async {
        // A peer that goes away must not end the program (signal(7)); NIO and libldap write to sockets.
        _ = signal(SIGPIPE, SIG_IGN)
        _ = clinux_forbid_core_dumps()
        // The daemon may be told to stop as soon as it runs.
        if CommandLine.arguments.dropFirst().first == "serve" { StopSignals.trap() }
        await main(nil)
    }
}
