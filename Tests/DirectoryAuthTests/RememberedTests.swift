import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

/// The DN cache at the moments a real server does not offer.
@Suite struct RememberedTests {
    static func entry(_ dn: String, _ id: String = "id-1") -> LDAPEntry {
        LDAPEntry(dn: dn, attributes: [("entryUUID", [Array(id.utf8)]), ("uid", [Array("alice".utf8)])])
    }

    static let old = entry("uid=alice,ou=a,ou=people,dc=x")
    static let new = entry("uid=alice,ou=b,ou=people,dc=x")

    enum Outcome: Sendable, Equatable {
        case letIn(String?)
        case refused(Rejection.Reason)
        case unavailable

        init(_ result: AuthenticationResult) {
            switch result {
            case .authenticated(let identity): self = .letIn(identity.locator)
            case .rejected(let rejection): self = .refused(rejection.reason)
            case .unavailable: self = .unavailable
            }
        }
    }

    struct Row: Sendable {
        /// What the search and the binds say at the second login.
        var search: ScriptedHost.Answer
        var binds: [ScriptedHost.Answer]
        var samePassword = true
        var outcome: Outcome
        var bound: [LDAPEntry]
    }

    static let lost = LDAPError(.timeout, "scripted", requestWasWritten: true)

    static let rows: [Row] = [
        // The same password: nothing is searched.
        Row(search: .failure(lost), binds: [.bind(0)], outcome: .letIn(old.dn), bound: [old]),
        // Refused, and the entry is where it was: final, with one bind.
        Row(search: .entries([old]), binds: [.bind(49)], outcome: .refused(.wrongPassword), bound: [old]),
        Row(
            search: .entries([old]),
            binds: [.bind(49)],
            samePassword: false,
            outcome: .refused(.wrongPassword),
            bound: [old]
        ),
        // Refused, and the name leads elsewhere by now: bound there, once.
        Row(search: .entries([new]), binds: [.bind(49), .bind(0)], outcome: .letIn(new.dn), bound: [old, new]),
        Row(
            search: .entries([new]),
            binds: [.bind(49), .bind(49)],
            samePassword: false,
            outcome: .refused(.wrongPassword),
            bound: [old, new]
        ),
        // Refused, and nobody has the name any more, or two have.
        Row(search: .entries([]), binds: [.bind(49)], outcome: .refused(.unknownUser), bound: [old]),
        Row(search: .entries([old, new]), binds: [.bind(49)], outcome: .refused(.ambiguousUser), bound: [old]),
        // Refused, and whether the DN still holds cannot be found out: no wrong password.
        Row(search: .failure(lost), binds: [.bind(49)], outcome: .unavailable, bound: [old]),
        Row(search: .failure(lost), binds: [.bind(49)], samePassword: false, outcome: .unavailable, bound: [old]),
        // The bind is silent: no second one anywhere.
        Row(search: .entries([new]), binds: [.failure(lost)], outcome: .unavailable, bound: [old]),
        // Another password is right: the entry is taken as it is now, and not at all when it is another one by now.
        Row(search: .entries([old]), binds: [.bind(0)], samePassword: false, outcome: .letIn(old.dn), bound: [old]),
        Row(search: .entries([new]), binds: [.bind(0)], samePassword: false, outcome: .unavailable, bound: [old]),
        Row(
            search: .entries([]),
            binds: [.bind(0)],
            samePassword: false,
            outcome: .refused(.unknownUser),
            bound: [old]
        ),
    ]

    @Test(arguments: rows.indices) func noEntrySeesTwoBindsForOneAttempt(_ index: Int) async throws {
        let row = Self.rows[index]
        let host = ScriptedHost("one", searches: [.entries([Self.old]), row.search], binds: [.bind(0)] + row.binds)
        let directory = try OneBindRuleTests.directory([host]) { $0.dnCache = .seconds(60) }
        #expect(Outcome(await OneBindRuleTests.login(directory)) == .letIn(Self.old.dn))
        let password = Password(row.samePassword ? "secret" : "other")
        let second = await directory.authenticate("alice", password: password, deadline: .now + .seconds(10))
        #expect(Outcome(second) == row.outcome)
        #expect(Array(host.bound.dropFirst()) == row.bound.map(\.dn))
    }

    @Test func theIdentityIsThatOfTheEntryAsItIsNow() async throws {
        // Deleted and made again for somebody else, within the time of the cache.
        let reborn = Self.entry(Self.old.dn, "id-2")
        let host = ScriptedHost("one", searches: [.entries([Self.old]), .entries([reborn])])
        let directory = try OneBindRuleTests.directory([host]) { $0.dnCache = .seconds(60) }
        _ = await OneBindRuleTests.login(directory)
        let result = await directory.authenticate("alice", password: Password("other"), deadline: .now + .seconds(10))
        guard case .authenticated(let identity) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(identity.key.stableID == "id-2")
    }
}
