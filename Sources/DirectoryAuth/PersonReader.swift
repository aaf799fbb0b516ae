internal import Authentication
internal import LDAPClient

/// Reads people out of entries, by the names in `attributes`.
struct PersonReader: Sendable {
    /// An entry cannot be somebody's: what is missing, for the operator.
    struct Unusable: Error {
        let detail: String
    }

    /// What to ask for by name, operational attributes included; never empty, which would mean all.
    let requested: [String]
    private let attributes: DirectoryAttributes
    private let credentialState: String
    private let matchers: [GroupMatcher]
    private let readsMemberOf: Bool
    let readsPrimaryGroup: Bool
    private let kind: DirectoryKind
    private let wallClock: any WallClock

    init(_ settings: DirectorySettings, matchers: [GroupMatcher], wallClock: any WallClock) {
        kind = settings.kind
        self.wallClock = wallClock
        attributes = settings.attributes
        credentialState = settings.kind.credentialStateAttribute
        readsMemberOf = settings.groups.mode == .memberOf
        // tokenGroups holds it anyway.
        readsPrimaryGroup =
            settings.kind == .activeDirectory && ![.none, .tokenGroups].contains(settings.groups.mode)
        self.matchers = settings.groups.mode == .search ? matchers : []
        var names = [
            attributes.username, attributes.firstName, attributes.lastName, attributes.displayName, attributes.email,
            credentialState,
        ]
        if !attributes.idIsDN { names.append(attributes.id) }
        if let userID = attributes.userID { names.append(userID) }
        if readsMemberOf { names.append("memberOf") }
        if readsPrimaryGroup { names += ["objectSid", "primaryGroupID"] }
        names += self.matchers.compactMap(\.userAttribute)
        names += AccountState.attributes(of: settings.kind)
        var seen: Set<String> = []
        requested = names.filter { seen.insert($0.lowercased()).inserted }
    }

    /// The person of an entry. Never a guess: an entry without id or name is nobody's.
    func person(_ entry: LDAPEntry) throws(Unusable) -> Person {
        guard let stableID = stableID(entry) else {
            throw Unusable(
                detail: "the entry \(entry.dn) has no attribute \(attributes.id) (attributes.id) that we may read"
            )
        }
        guard let username = text(entry, attributes.username) else {
            throw Unusable(
                detail:
                    "the entry \(entry.dn) has no attribute \(attributes.username) (attributes.username) that we may read"
            )
        }
        var person = Person(dn: entry.dn, stableID: stableID, username: username)
        person.firstName = text(entry, attributes.firstName)
        person.lastName = text(entry, attributes.lastName)
        person.displayName = text(entry, attributes.displayName)
        person.email = text(entry, attributes.email) ?? attributes.emailSuffix.map { "\(username)@\($0)" }
        person.mappedUserID = try mappedUserID(entry)
        person.credentialState = entry.text(credentialState)
        let findings = AccountState.findings(entry, kind: kind, now: wallClock.now())
        person.passwordFindings = Set(findings.filter(\.concernsPassword).map(\.reason))
        person.matchValues = matchers.map { matcher in
            matcher.userAttribute.map { entry[$0] } ?? [Array(entry.dn.utf8)]
        }
        if readsMemberOf {
            person.memberOf = entry["memberOf"].compactMap { String(validating: $0, as: UTF8.self) }
        }
        if readsPrimaryGroup { person.primaryGroup = Self.primaryGroup(entry) }
        return person
    }

    /// The primary group is a group of the person's own domain (MS-ADA3, primaryGroupID).
    private static func primaryGroup(_ entry: LDAPEntry) -> SecurityIdentifier? {
        guard let own = entry["objectSid"].first.flatMap(SecurityIdentifier.init),
            let relative = entry.text("primaryGroupID").flatMap({ UInt32($0) })
        else { return nil }
        return own.sibling(relative)
    }

    private func stableID(_ entry: LDAPEntry) -> String? {
        if attributes.idIsDN { return entry.dn.isEmpty ? nil : entry.dn }
        return entry[attributes.id].first.flatMap { StableID.text($0, attribute: attributes.id) }
    }

    private func mappedUserID(_ entry: LDAPEntry) throws(Unusable) -> Int32? {
        guard let attribute = attributes.userID else { return nil }
        guard let number = entry.text(attribute).flatMap({ Int32($0) }), number > 0 else {
            throw Unusable(
                detail: "the entry \(entry.dn) has no number from 1 to 2147483647 in \(attribute) (attributes.user_id)"
            )
        }
        return number
    }

    /// The first value without outer blanks; nil when nothing is left: a name of blanks is no name.
    private func text(_ entry: LDAPEntry, _ attribute: String) -> String? {
        guard let text = entry.text(attribute) else { return nil }
        let trimmed = UsernameFolding.trimmingBlanks(text)
        return trimmed.isEmpty ? nil : String(trimmed)
    }
}
