public import Authentication
public import FoundationEssentials

/// A session as the store keeps it: one row, from which the refresh tokens are derived.
public struct Session: Sendable, Hashable {
    /// Which endpoint opened it.
    public enum Kind: String, Sendable, Hashable {
        /// POST /api/v1/auth/token: refreshed, ends when idle.
        case refreshable
        /// POST /token: lives `login_lifetime`, is never refreshed.
        case login
    }

    /// `session_state` and `sid`.
    public var id: UUID
    /// `DTTSessionId`: unique among the sessions kept.
    public var number: Int32
    /// Which endpoint opened it.
    public var kind: Kind
    /// Whose it is, with names, email and all groups as they were at login or at the last re-check.
    public var identity: Identity
    /// The stable number of that identity.
    public var userID: Int32
    /// For which client.
    public var client: String
    /// The scopes granted at login; a refresh may narrow its answer, never this.
    public var scopes: [String]
    /// Counts the refreshes; part of the refresh token.
    public var generation: Int32
    /// When it was opened.
    public var createdAt: Timestamp
    /// When the password was last proved (`auth_time`).
    public var authenticatedAt: Timestamp
    /// When it was last refreshed; equal to `createdAt` before.
    public var rotatedAt: Timestamp
    /// Ends then unless refreshed before.
    public var idleEnd: Timestamp
    /// Ends then in any case.
    public var hardEnd: Timestamp
    /// When it was ended; nil while it lives.
    public var endedAt: Timestamp?
    /// The caller's address at login.
    public var address: String
    /// The caller's User-Agent at login, cut to 200 Unicode scalars.
    public var userAgent: String

    /// A session; the store fills in `number` and `userID` when it opens it.
    public init(
        id: UUID,
        number: Int32 = 0,
        kind: Kind,
        identity: Identity,
        userID: Int32 = 0,
        client: String,
        scopes: [String],
        generation: Int32 = 0,
        createdAt: Timestamp,
        idleEnd: Timestamp,
        hardEnd: Timestamp,
        address: String,
        userAgent: String
    ) {
        self.id = id
        self.number = number
        self.kind = kind
        self.identity = identity
        self.userID = userID
        self.client = client
        self.scopes = scopes
        self.generation = generation
        self.createdAt = createdAt
        self.authenticatedAt = createdAt
        self.rotatedAt = createdAt
        self.idleEnd = idleEnd
        self.hardEnd = hardEnd
        self.address = address
        self.userAgent = userAgent
    }

    /// Nodes' clocks may differ by so much; what lies farther in the future was written by a clock that was wrong.
    public static let clockLeeway = Duration.seconds(60)

    /// True while it is neither ended nor past one of its ends, nor from a future that a wrong clock saw: its ends would
    /// lie as far ahead.
    public func isLive(at now: Timestamp) -> Bool {
        endedAt == nil && now < idleEnd && now < hardEnd && createdAt <= now + Self.clockLeeway
    }
}

/// What one successful refresh changes in the row.
public struct Rotation: Sendable {
    /// Which session.
    public var session: UUID
    /// The generation the presented token has; the row must still have it.
    public var generation: Int32
    /// Now.
    public var now: Timestamp
    /// The new idle end; nil leaves it (an outage of the directory, or no re-check possible).
    public var idleEnd: Timestamp?
    /// The person as re-checked; nil leaves what is stored.
    public var identity: Identity?

    /// One refresh.
    public init(session: UUID, generation: Int32, now: Timestamp, idleEnd: Timestamp?, identity: Identity?) {
        self.session = session
        self.generation = generation
        self.now = now
        self.idleEnd = idleEnd
        self.identity = identity
    }
}

/// Which sessions to end.
public enum SessionSelection: Sendable, Hashable {
    /// One.
    case session(UUID)
    /// All of a person.
    case identity(IdentityKey)
    /// Those of a person that were opened no later than a moment (nil: all), except one. One whose opening lies further ahead than
    /// clocks may differ is no later one: it was written by a clock that was wrong.
    case opened(IdentityKey, by: Timestamp?, except: UUID?)
}

/// A not-before: tokens issued earlier are refused (RFC 7519 §4.1.5 turned round).
public enum NotBeforeScope: Sendable, Hashable {
    /// For everybody.
    case everyone
    /// For one client.
    case client(String)
    /// For one person.
    case identity(IdentityKey)
}

/// A session that was ended.
public struct EndedSession: Sendable, Hashable {
    /// `sid`.
    public var id: UUID
    /// The moment after which no access token of it can be alive any more: its hard end.
    public var until: Timestamp
    /// Whose it was.
    public var person: IdentityKey

    /// An ended session.
    public init(id: UUID, until: Timestamp, person: IdentityKey) {
        self.id = id
        self.until = until
        self.person = person
    }
}

/// What changed in the store since a change number: all that must be known in memory.
public struct StoreChanges: Sendable {
    /// The number to ask from next time.
    public var number: Int64
    /// Sessions ended.
    public var endedSessions: [EndedSession]
    /// People whose local account was changed or removed, or all of whose sessions were ended; not told from 0.
    public var people: [IdentityKey]
    /// Not-befores set, in whole seconds.
    public var notBefore: [(scope: NotBeforeScope, seconds: Int64)]
    /// True when signing keys were added, promoted or removed.
    public var keysChanged: Bool

    /// A set of changes.
    public init(
        number: Int64,
        endedSessions: [EndedSession] = [],
        people: [IdentityKey] = [],
        notBefore: [(scope: NotBeforeScope, seconds: Int64)] = [],
        keysChanged: Bool = false
    ) {
        self.number = number
        self.endedSessions = endedSessions
        self.people = people
        self.notBefore = notBefore
        self.keysChanged = keysChanged
    }
}

/// Where sessions are kept. Every write is durable when its call returns.
public protocol SessionStore: Sendable {
    /// Whether other nodes, with clocks of their own, may open sessions in it.
    var hasOtherNodes: Bool { get }

    /// In one transaction: finds or numbers the identity (by `identity.mappedUserID` when given), and inserts the session.
    ///
    /// - Returns: the session with `userID` and `number` filled in.
    /// - Throws: `.conflict` when `mappedUserID` is owned by another identity.
    func open(_ session: Session) async throws(StoreError) -> Session

    /// The session, ended ones included while they are kept; nil when unknown.
    func session(_ id: UUID) async throws(StoreError) -> Session?

    /// Rotates in one statement if the row is live and has that generation; nil, and nothing changed, otherwise.
    func rotate(_ rotation: Rotation) async throws(StoreError) -> Session?

    /// The newest live session of that person, client and kind, or nil.
    func newestSession(of key: IdentityKey, client: String, kind: Session.Kind, now: Timestamp)
        async throws(StoreError) -> Session?

    /// Sets `auth_time` of a live session to `now` and stores the identity as it is now; nil when it is not live.
    func reauthenticate(_ id: UUID, identity: Identity, now: Timestamp) async throws(StoreError) -> Session?

    /// Ends live sessions and returns how many.
    func end(_ selection: SessionSelection, now: Timestamp) async throws(StoreError) -> Int
}

/// What is asked about people and their sessions outside a grant.
public protocol PeopleStore: Sendable {
    /// The stable number of a person, given now if this is the first time; as `open` does it, without a session.
    ///
    /// - Throws: `.conflict` when `mappedUserID` is owned by another identity.
    func userID(of identity: Identity, now: Timestamp) async throws(StoreError) -> Int32

    /// The live sessions of a person, newest first, at most `limit`.
    func sessions(of key: IdentityKey, now: Timestamp, limit: Int) async throws(StoreError) -> [Session]

    /// The session with that `DTTSessionId`, ended ones included while they are kept; nil when unknown.
    func session(number: Int32) async throws(StoreError) -> Session?
}

/// What every node must hear of soon. Kept apart from `SessionStore`, because only the verifier's feed asks.
public protocol ChangeStore: Sendable {
    /// All that happened after change number `number` (0: everything still of interest at `now`).
    func changes(after number: Int64, now: Timestamp) async throws(StoreError) -> StoreChanges

    /// Waits until somebody may have written since `changes` was asked, `limit` at most.
    ///
    /// - Returns: false, at once, where or while only asking tells.
    func awaitWrite(within limit: Duration) async -> Bool
}

extension ChangeStore {
    /// Only asking tells.
    public func awaitWrite(within limit: Duration) async -> Bool { false }
}
