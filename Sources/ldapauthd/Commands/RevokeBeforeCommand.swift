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
            A running daemon obeys within a second, and the command takes as long: when it is done, whoever logs in is served. \
            Access and refresh tokens issued earlier are refused for good. It cannot be taken back: an earlier moment than one \
            in force changes nothing.

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
                let isWritten = ContinuousClock.now
                let moment = DateText.utc(Timestamp(seconds: inForce))
                Operator.leaveTrace("revoke-before", user: user, client: client, outcome: moment)
                try await Self.untilObeyed(Timestamp(seconds: inForce), since: isWritten)
                if inForce > seconds { Terminal.say("A later moment was in force already; nothing was changed.") }
                Terminal.say("Tokens \(whose) issued before \(moment) are refused.")
            }
        }
    }

    /// How long daemons may take to hear of it.
    private static let hearing = Duration.seconds(1)
    /// Nobody waits for a moment that a clock in the far future has set.
    private static let patience = Duration.seconds(2)

    /// Waits until a login is good whoever serves it: a daemon that has heard issues tokens as of the not-before, one that
    /// has not as of its clock, which may lag behind this one.
    private static func untilObeyed(
        _ moment: Timestamp,
        since written: ContinuousClock.Instant,
        clock: some WallClock = SystemWallClock()
    ) async throws {
        guard clock.now() < moment + Session.clockLeeway else { return }
        try await Task.sleep(until: written + hearing)
        while clock.now() < moment, ContinuousClock.now < written + patience {
            try await Task.sleep(for: .milliseconds(20))
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
