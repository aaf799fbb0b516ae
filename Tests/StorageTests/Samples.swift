import Authentication
import FoundationEssentials
import Tokens

/// Ten in the morning, in the suite's time.
let now = FixedClock().now()

/// A person of directory 1.
func person(_ stableID: String, source: Int32 = 1, mapped: Int32? = nil) -> Identity {
    Identity(
        key: IdentityKey(source: SourceID(source), stableID: stableID),
        sourceName: "corp",
        username: "user-\(stableID)",
        firstName: "Jürgen",
        lastName: "O'Brien, \"Öz\"",
        displayName: nil,
        email: "u@example.com",
        groups: ["a,b", "staff", "Ü \"quoted\"\n"],
        mappedUserID: mapped,
        locator: "uid=\(stableID),dc=example",
        credentialState: "20260101000000Z"
    )
}

/// A session that is live from `now` for half an hour, or for as long as is said.
func session(
    _ identity: Identity,
    id: UUID = UUID(),
    client: String = "web",
    kind: Session.Kind = .refreshable,
    at start: Timestamp = now,
    idle: Duration = .seconds(1800),
    hard: Duration = .seconds(36000)
) -> Session {
    Session(
        id: id,
        kind: kind,
        identity: identity,
        client: client,
        scopes: ["api", "read"],
        createdAt: start,
        idleEnd: start + idle,
        hardEnd: start + hard,
        address: "192.0.2.10",
        userAgent: "curl/8"
    )
}

/// A local account with a made-up hash.
func account(_ name: String, hash: String? = "$argon2id$made-up") -> LocalAccount {
    LocalAccount(
        name: name,
        firstName: "Ann",
        email: "ann@example.com",
        groups: ["editors", "staff"],
        passwordHash: hash,
        createdAt: now,
        passwordChangedAt: now
    )
}
