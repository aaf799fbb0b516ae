import ArgumentParser
import Authentication

/// `ldapauthd user import`.
struct UserImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Adds the accounts of an htpasswd, shadow or CSV file.",
        discussion: """
            People log in with the passwords they have: bcrypt, yescrypt, sha512-crypt, sha256-crypt, MD5 ($1$, $apr1$), {SSHA} \
            and {SHA} are verified as they are and become Argon2id at the next good login.

            Every line is judged before the first account is kept, and all accounts are kept or none. The first line of a CSV \
            file names its columns, of which only name must be there: name, first_name, last_name, email, groups (separated by \
            semicolons), disabled, id, created_at, password_changed_at, password_hash. That is what `user export` writes.
            """
    )

    @Argument(help: ArgumentHelp("The file, or - for standard input; what it is shows inside.", valueName: "file"))
    var file: String?
    @Option(help: ArgumentHelp("A file of Apache's htpasswd(1).", valueName: "file"))
    var htpasswd: String?
    @Option(help: ArgumentHelp("A file such as /etc/shadow.", valueName: "file"))
    var shadow: String?
    @Option(help: ArgumentHelp("A CSV file with the names of its columns in the first line.", valueName: "file"))
    var csv: String?
    @Option(name: .customLong("group"), help: "A group all of them will be in; may be repeated.")
    var groups: [String] = []
    @Flag(help: "Judge every line and keep nothing.")
    var dryRun = false
    @Flag(help: "Keep the good lines although others are not.")
    var keepGoing = false
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        guard [file, htpasswd, shadow, csv].count(where: { $0 != nil }) == 1 else {
            throw ValidationError("Give one file: FILE, --htpasswd FILE, --shadow FILE or --csv FILE.")
        }
    }

    func run() async throws {
        try await reporting {
            // As root still: /etc/shadow is for nobody else.
            let read = try accountFile()
            if dryRun {
                try await AccountRoom.look(config) { try await take(read, $0) }
            } else {
                try await AccountRoom.open(config, making: true) { try await take(read, $0) }
            }
        }
    }

    private func take(_ read: AccountFile, _ accounts: AccountService) async throws {
        let plan = try await accounts.plan(read, groups: groups)
        tell(plan)
        let count = plan.accounts.count
        guard plan.problems.isEmpty || keepGoing else {
            throw CommandFailure(
                .badInput,
                "Nothing was imported: \(Self.lines(plan.problems.count)) will not do. Mend what is said above"
                    + (count == 0 ? "." : ", or give --keep-going to import the other \(count).")
            )
        }
        if dryRun {
            Terminal.say("\(Self.accounts(count)) would be imported; nothing was kept.")
        } else {
            try await keep(plan, accounts)
            Terminal.say("Imported \(Self.accounts(count)).")
        }
        guard plan.problems.isEmpty else {
            throw CommandFailure(.badInput, "\(Self.lines(plan.problems.count)) will not do and was left out.")
        }
    }

    private func accountFile() throws -> AccountFile {
        let given: [(String?, AccountFile.Format?)] = [
            (file, nil), (htpasswd, .htpasswd), (shadow, .shadow), (csv, .csv),
        ]
        guard let (path, format) = given.first(where: { $0.0 != nil }), let path else {
            throw CommandFailure(.badInput, "Give a file.")
        }
        let octets = try InputFile.read(path)
        do throws(AccountError) {
            return try AccountFile(octets, format: format)
        } catch {
            throw CommandFailure(.badInput, "\(path == "-" ? "standard input" : path): \(error.description)")
        }
    }

    private func keep(_ plan: AccountService.ImportPlan, _ accounts: AccountService) async throws {
        let bar = ProgressBar("Importing", total: plan.accounts.count)
        defer { bar.finish() }
        bar.show(0)
        try await accounts.carryOut(plan) { bar.show($0) }
        Operator.leaveTrace("user import", outcome: Self.accounts(plan.accounts.count))
    }

    private func tell(_ plan: AccountService.ImportPlan) {
        for (mark, remarks) in [("note: ", plan.notes), ("", plan.problems)] {
            for remark in remarks.prefix(Self.shown) {
                Terminal.complain("line \(remark.line): \(mark)\(Terminal.plain(remark.sentence))")
            }
            if remarks.count > Self.shown {
                Terminal.complain("… and \(remarks.count - Self.shown) more \(mark.isEmpty ? "such lines" : "notes")")
            }
        }
    }

    /// More nobody reads.
    private static let shown = 100

    private static func accounts(_ count: Int) -> String { count == 1 ? "1 account" : "\(count) accounts" }
    private static func lines(_ count: Int) -> String { count == 1 ? "1 line" : "\(count) lines" }
}
