import ArgumentParser
import Authentication
import FoundationEssentials
import Storage
import Tokens

/// `ldapauthd session …`: who is logged in.
struct SessionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Shows and ends sessions.",
        discussion: """
            A person is named as a local account (lisa), as somebody of a directory (corp:alice), or by the sub claim. A \
            running daemon obeys within a second. Run it as root or as the service's user.
            """,
        subcommands: [SessionList.self, SessionEnd.self]
    )
}

/// `ldapauthd session list`.
struct SessionList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the live sessions.")

    /// So many are read at once, so that a long list does not hold up the daemon. All are held here before the first is
    /// shown, because the widths of the columns depend on all: a few hundred octets each.
    private static let page = 1000

    @Option(help: ArgumentHelp("Only those of this person: lisa, corp:alice, or a sub.", valueName: "name"))
    var user: String?
    @Flag(help: "One JSON array, for scripts.")
    var json = false
    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        try await reporting {
            try await StoreRoom.look(config) { configuration, store in
                let person = try await finding(user, configuration, store)
                let sessions = try await Self.live(store, person)
                if json {
                    Terminal.say(JSONText.array(sessions.map(SessionView.json)))
                } else if sessions.isEmpty {
                    Terminal.complain(person.map { "\($0.name) has no live session." } ?? "There are no live sessions.")
                } else {
                    Terminal.say(Terminal.table(SessionView.header, sessions.map(SessionView.row)))
                }
            }
        }
    }

    private func finding(
        _ name: String?,
        _ configuration: Configuration,
        _ store: SQLStore
    ) async throws -> PersonFinder.Found? {
        guard let name else { return nil }
        return try await PersonFinder(configuration: configuration, store: store).find(name)
    }

    /// What `revoke-before` has made worthless is no live session, though its row is one.
    private static func live(_ store: SQLStore, _ person: PersonFinder.Found?) async throws(StoreError) -> [Session] {
        let now = SystemWallClock().now()
        let revocations = Revocations()
        revocations.apply(try await store.changes(after: 0, now: now))
        let keys: [IdentityKey?] = person?.keys ?? [nil]
        var sessions: [Session] = []
        for key in keys {
            var last: Int32 = 0
            while true {
                let more = try await store.liveSessions(of: key, after: last, limit: page, now: now)
                sessions += more.filter { !revocations.isRevoked($0) }
                guard more.count == page, let number = more.last?.number else { break }
                last = number
            }
        }
        return sessions
    }
}

/// `ldapauthd session end`.
struct SessionEnd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "Ends one session, or all of a person.",
        discussion: "Its access tokens are refused from then on, its refresh token too."
    )

    @Argument(help: "The DTTSessionId or the session_state of one session; `session list` shows both.")
    var id: String?
    @Option(help: ArgumentHelp("All sessions of this person: lisa, corp:alice, or a sub.", valueName: "name"))
    var user: String?
    @OptionGroup var config: ConfigurationOption

    func validate() throws {
        guard (id == nil) != (user == nil) else {
            throw ValidationError("Give either the id of one session, or --user NAME for all of a person.")
        }
    }

    func run() async throws {
        try await reporting {
            try await StoreRoom.open(config) { configuration, store in
                if let user {
                    let person = try await PersonFinder(configuration: configuration, store: store).find(user)
                    try await Self.end(person, store)
                } else {
                    try await Self.end(id ?? "", store)
                }
            }
        }
    }

    private static func end(_ person: PersonFinder.Found, _ store: SQLStore) async throws(StoreError) {
        var count = 0
        for key in person.keys { count += try await store.end(.identity(key), now: SystemWallClock().now()) }
        let number = count == 1 ? "1 session" : "\(count) sessions"
        Operator.leaveTrace("session end", user: person.name, outcome: number)
        Terminal.say(count == 0 ? "\(person.name) had no live session." : "Ended \(number) of \(person.name).")
    }

    private static func end(_ text: String, _ store: SQLStore) async throws {
        guard let session = try await session(text, store) else {
            throw CommandFailure(
                .refused,
                "there is no session \(Terminal.plain(text)); `ldapauthd session list` shows all"
            )
        }
        let now = SystemWallClock().now()
        let name = SessionView.user(session)
        guard try await store.end(.session(session.id), now: now) > 0 else {
            let reason = session.endedAt == nil ? "has run out already" : "was ended already"
            throw CommandFailure(.refused, "session \(session.number) of \(Terminal.plain(name)) \(reason)")
        }
        Operator.leaveTrace("session end", user: name, outcome: "session \(session.number)")
        Terminal.say("Ended session \(session.number) of \(Terminal.plain(name)).")
    }

    private static func session(_ text: String, _ store: SQLStore) async throws -> Session? {
        if let number = Int32(text) { return try await store.session(number: number) }
        if let id = UUID(uuidString: text) { return try await store.session(id) }
        throw CommandFailure(
            .badInput,
            "“\(Terminal.plain(text))” is no id of a session: a DTTSessionId such as 77, or a session_state"
        )
    }
}

/// How a session is shown.
enum SessionView {
    static let header = ["ID", "USER", "CLIENT", "ADDRESS", "OPENED", "LAST USED", "ENDS", "SESSION_STATE"]

    static func row(_ session: Session) -> [String] {
        [
            String(session.number), user(session), session.client, session.address, DateText.utc(session.createdAt),
            DateText.utc(lastUse(session)), DateText.utc(end(session)), session.id.lowercaseText,
        ]
    }

    /// With the member names of `GET /api/v1/auth/sessions`.
    static func json(_ session: Session) -> String {
        JSONText.object([
            ("DTTSessionId", String(session.number)),
            ("session_state", JSONText.string(session.id.lowercaseText)),
            ("sub", JSONText.string(session.identity.key.subject)),
            ("userId", String(session.userID)),
            ("username", JSONText.string(session.identity.username)),
            ("source", JSONText.string(session.identity.sourceName)),
            ("client_id", JSONText.string(session.client)),
            ("scope", JSONText.string(session.scopes.joined(separator: " "))),
            ("ip", JSONText.string(session.address)),
            ("user_agent", JSONText.string(session.userAgent)),
            ("created_at", String(session.createdAt.seconds)),
            ("last_used_at", String(lastUse(session).seconds)),
            ("expires_at", String(end(session).seconds)),
        ])
    }

    /// As `--user` takes it.
    static func user(_ session: Session) -> String {
        let person = session.identity
        return person.key.source == .local ? person.username : "\(person.sourceName):\(person.username)"
    }

    private static func lastUse(_ session: Session) -> Timestamp { max(session.rotatedAt, session.authenticatedAt) }

    private static func end(_ session: Session) -> Timestamp { min(session.idleEnd, session.hardEnd) }
}
