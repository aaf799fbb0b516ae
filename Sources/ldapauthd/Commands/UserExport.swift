import ArgumentParser
import Authentication
import Glibc

/// `ldapauthd user export`.
struct UserExport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes all local accounts to standard output.",
        discussion: """
            As CSV it is what `user import` reads. Hashes of passwords are left out unless --with-hashes is given: whoever has \
            them can try passwords without anybody noticing.
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable { case csv, json }

    @Option(help: "csv or json.")
    var format = Format.csv
    @Flag(help: "With the hashes of passwords.")
    var withHashes = false
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            if withHashes { Self.warnOfReaders() }
            try await AccountRoom.look(config) { accounts in
                let list = try await accounts.list()
                Terminal.say(format == .csv ? csv(list) : json(list))
                if withHashes { Operator.leaveTrace("user export", outcome: "\(list.count) accounts with hashes") }
            }
        }
    }

    private func csv(_ accounts: [LocalAccount]) -> String {
        let columns = AccountFile.columns.filter { withHashes || $0 != "password_hash" }
        let rows = accounts.map { account in
            var row = [
                account.name, account.firstName ?? "", account.lastName ?? "", account.email ?? "",
                account.groups.joined(separator: ";"), account.isDisabled ? "true" : "false", account.stableID,
                String(account.createdAt.seconds), String(account.passwordChangedAt.seconds),
            ]
            if withHashes { row.append(account.passwordHash ?? "") }
            return row
        }
        return ([columns] + rows).map { $0.map(CSVText.field).joined(separator: ",") }.joined(separator: "\n")
    }

    private func json(_ accounts: [LocalAccount]) -> String {
        JSONText.array(accounts.map { AccountView.json($0, withHash: withHashes) })
    }

    /// `ldapauthd user export --with-hashes > file` makes the file before anybody thinks of its mode.
    private static func warnOfReaders() {
        var status = stat()
        guard unsafe fstat(STDOUT_FILENO, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0
        else { return }
        Terminal.complain("Others may read the file the hashes go to: chmod 600 it, or set `umask 077` before.")
    }
}

/// Writes CSV (RFC 4180).
enum CSVText {
    static func field(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" { quoted += "\"" }
            quoted.unicodeScalars.append(scalar)
        }
        return quoted + "\""
    }
}
