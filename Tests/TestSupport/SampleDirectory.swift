// API: let sample = SampleDirectory(); sample.people; sample.person("alice")?.password; sample.dn(of: "alice")
// People live below ou=people (one more below ou=staff,ou=people), groups below ou=groups. Passwords are known. `groups` and
// `nestedGroups` of each person are what a correct implementation finds (common names, groupOfNames by member).
// "twin" exists twice. memberUid groups: unix-admins (alice, bob), unix-users (carol).

/// The people and groups every suite may count on.
public struct SampleDirectory: Sendable {
    /// One person.
    public struct Person: Sendable, Hashable {
        /// The login name.
        public var uid: String
        /// First part of the DN, as the server spells it; `uid=…` unless it says otherwise.
        public var rdn: String
        /// The container, relative to the suffix.
        public var container = "ou=people"
        /// `givenName`; nil when the entry has none.
        public var givenName: String?
        /// `sn`.
        public var surname: String
        /// `cn` and `displayName`.
        public var displayName: String
        /// `mail`; nil when the entry has none.
        public var mail: String?
        /// `uidNumber`.
        public var uidNumber: Int
        /// The password, in UTF-8.
        public var password: String
        /// groupOfNames that list the person.
        public var groups: Set<String> = []
        /// These and the groups reached through groups.
        public var nestedGroups: Set<String> = []
        /// posixGroups that list the uid.
        public var unixGroups: Set<String> = []
    }

    /// A group of the kind groupOfNames.
    public struct Group: Sendable, Hashable {
        /// Its common name.
        public var name: String
        /// As spelt in the DN.
        public var rdn: String
        /// The uids of its people.
        public var people: [String]
        /// The names of its groups.
        public var subgroups: [String] = []
    }

    /// The password of `cn=service`.
    public static let servicePassword = "service-secret"

    /// Where everything is.
    public let suffix: String
    /// Everybody.
    public let people: [Person]
    /// groupOfNames groups.
    public let groups: [Group]

    /// The sample below a suffix.
    public init(suffix: String = "dc=example,dc=org") {
        self.suffix = suffix
        groups = Self.allGroups
        people = Self.allPeople.map { person in
            var person = person
            person.groups = Set(Self.allGroups.filter { $0.people.contains(person.uid) }.map(\.name))
            person.nestedGroups = Self.closure(of: person.groups)
            person.unixGroups = Set(Self.unixGroups.filter { $0.members.contains(person.uid) }.map(\.name))
            return person
        }
    }

    /// `ou=people,<suffix>`
    public var peopleBase: String { "ou=people,\(suffix)" }
    /// `ou=groups,<suffix>`
    public var groupsBase: String { "ou=groups,\(suffix)" }

    /// The first person with a login name.
    public func person(_ uid: String) -> Person? { people.first { $0.uid == uid } }

    /// A person's DN.
    public func dn(of person: Person) -> String { "\(person.rdn),\(person.container),\(suffix)" }

    /// The DN of the person with a login name; empty when there is none.
    public func dn(of uid: String) -> String { person(uid).map { dn(of: $0) } ?? "" }

    /// A group's DN.
    public func dn(of group: Group) -> String { "\(group.rdn),\(groupsBase)" }

    private static func closure(of direct: Set<String>) -> Set<String> {
        var found = direct
        while true {
            let next = found.union(allGroups.filter { !found.isDisjoint(with: $0.subgroups) }.map(\.name))
            if next == found { return found }
            found = next
        }
    }
}
