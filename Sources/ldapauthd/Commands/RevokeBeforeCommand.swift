import ArgumentParser
import Authentication
import Storage
import Tokens

/// `ldapauthd revoke-before`.
struct RevokeBeforeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke-before",
        abstract: "Refuses all tokens issued before a moment: of everybody, of one client, or of one person.",
        discussion: """
            A running daemon obeys within a second. Access and refresh tokens issued earlier are refused for good; whoever logs \
            in afterwards is served. It cannot be taken back: an earlier moment than one in force changes nothing.

              ldapauthd revoke-before now
              ldapauthd revoke-before now --client web
              ldapauthd revoke-before 2026-11-22T08:00:00Z --user corp:alice
            """
    )

    @Argument(
        help: ArgumentHelp(
            "now, a moment such as 2026-11-22T08:00:00Z, or seconds since 1970; not in the future.",
            valueName: "time"
        )
    )
    var time: String
    @Option(help: ArgumentHelp("Only tokens of this client.", valueName: "id"))
    var client: String?
    @Option(help: ArgumentHelp("Only tokens of this person: lisa, corp:alice, or a sub.", valueName: "name"))
    var user: String?
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        guard client == nil || user == nil else {
            throw ValidationError("Give --client or --user, not both; for both, give the command twice.")
        }
    }

    func run() async throws {
        try await reporting {
            try await StoreRoom.open(config) { configuration, store in
                let seconds = try Self.seconds(time, now: SystemWallClock().now())
                let (scopes, whose) = try await scopes(configuration, store)
                var inForce: Int64 = 0
                for scope in scopes { inForce = max(inForce, try await store.setNotBefore(scope, seconds: seconds)) }
                let moment = DateText.utc(Timestamp(seconds: inForce))
                Operator.leaveTrace("revoke-before", user: user, client: client, outcome: moment)
                if inForce > seconds { Terminal.say("A later moment was in force already; nothing was changed.") }
                Terminal.say("Tokens \(whose) issued before \(moment) are refused.")
            }
        }
    }

    /// The first second whose tokens are good again.
    static func seconds(_ text: String, now: Timestamp) throws(CommandFailure) -> Int64 {
        let next = now.seconds + 1
        if text == "now" { return next }
        guard let moment = MomentText.parse(text) else {
            throw CommandFailure(
                .badInput,
                "“\(Terminal.plain(text))” is no moment: write now, 2026-11-22T08:00:00Z, or seconds since 1970"
            )
        }
        // Tokens made until then would say that they come from the future, and others would refuse them.
        guard moment.seconds <= next else {
            throw CommandFailure(
                .badInput,
                "\(DateText.utc(moment)) lies in the future: only what was issued can be revoked"
            )
        }
        return moment.seconds
    }

    private func scopes(
        _ configuration: Configuration,
        _ store: SQLStore
    ) async throws -> (scopes: [NotBeforeScope], whose: String) {
        if let client {
            guard configuration.clients.contains(where: { $0.id == client }) else {
                let known = configuration.clients.map(\.id).joined(separator: ", ")
                throw CommandFailure(
                    .refused,
                    "“\(Terminal.plain(client))” is the id of no [[client]]; there are: \(known)"
                )
            }
            return ([.client(client)], "of the client \(client)")
        }
        guard let user else { return ([.everyone], "of everybody") }
        let person = try await PersonFinder(configuration: configuration, store: store).find(user)
        return (person.keys.map { .identity($0) }, "of \(person.name)")
    }
}
