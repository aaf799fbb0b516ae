/// The number of a source of people: 0 for the local accounts, a directory's LDAPServerId otherwise.
public struct SourceID: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 0 or a positive LDAPServerId.
    public let rawValue: Int32

    /// A source by its number.
    public init(_ rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The local accounts.
    public static let local = SourceID(0)

    /// The number in decimal.
    public var description: String { String(rawValue) }

    /// In numeric order.
    public static func < (left: SourceID, right: SourceID) -> Bool { left.rawValue < right.rawValue }
}

/// Who somebody is, for good: a source and an id that survives renames and moves (entryUUID, objectGUID, …).
public struct IdentityKey: Sendable, Hashable, CustomStringConvertible {
    /// Where the person is known.
    public let source: SourceID

    /// The stable id there; GUIDs in lower case.
    public let stableID: String

    /// A person of `source` with that stable id.
    public init(source: SourceID, stableID: String) {
        self.source = source
        self.stableID = stableID
    }

    /// Reads a `sub` claim; nil when it has not the form `source:stable-id`.
    public init?(subject: String) {
        guard let colon = subject.firstIndex(of: ":"), let number = Int32(subject[..<colon]), number >= 0 else {
            return nil
        }
        let stableID = String(subject[subject.index(after: colon)...])
        guard !stableID.isEmpty else { return nil }
        self.init(source: SourceID(number), stableID: stableID)
    }

    /// The `sub` claim: `source:stable-id`.
    public var subject: String { "\(source.rawValue):\(stableID)" }

    /// The same as `subject`.
    public var description: String { subject }
}

/// What a source says of a person who was let in.
public struct Identity: Sendable, Hashable {
    /// Who it is.
    public var key: IdentityKey

    /// The name of the source, for logs, for example `corp` or `local`.
    public var sourceName: String

    /// The canonical name, from the entry, never as typed.
    public var username: String

    /// Given name, if the source knows one.
    public var firstName: String?

    /// Family name, if the source knows one.
    public var lastName: String?

    /// The name to show, if the source knows one.
    public var displayName: String?

    /// Mail address, if the source knows one.
    public var email: String?

    /// Names of all groups, nested ones included, sorted, without duplicates.
    public var groups: [String]

    /// A number taken from the directory by `attributes.user_id`; nil when the store numbers identities itself.
    public var mappedUserID: Int32?

    /// Where the source finds the person again without a search, for example the DN.
    public var locator: String?

    /// A value that changes when the password does (pwdChangedTime, pwdLastSet, …), compared for equality only.
    public var credentialState: String?

    /// The host that answered, for the audit line.
    public var host: String?

    /// What the source warned of at this login (grace logins left, the password's end), for the audit line; not kept.
    public var notice: String?

    /// True when the source could not be asked and what is kept for an outage let the person in.
    public var isOffline = false

    /// True when names and groups could not be read: those known already go on. After a change of the password only; not kept.
    public var isPartial = false

    /// A person with a key, a canonical name and whatever else the source knows.
    public init(
        key: IdentityKey,
        sourceName: String,
        username: String,
        firstName: String? = nil,
        lastName: String? = nil,
        displayName: String? = nil,
        email: String? = nil,
        groups: [String] = [],
        mappedUserID: Int32? = nil,
        locator: String? = nil,
        credentialState: String? = nil,
        host: String? = nil
    ) {
        self.key = key
        self.sourceName = sourceName
        self.username = username
        self.firstName = firstName
        self.lastName = lastName
        self.displayName = displayName
        self.email = email
        self.groups = groups
        self.mappedUserID = mappedUserID
        self.locator = locator
        self.credentialState = credentialState
        self.host = host
    }
}
