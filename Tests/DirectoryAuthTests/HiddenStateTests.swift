import Authentication
import LDAPClient
import Testing

@testable import DirectoryAuth

/// A bare “invalid credentials”, and what is found behind it.
@Suite struct HiddenStateTests {
    /// Alice, with a password policy of her own.
    static func alice(_ attributes: [String: String] = [:]) -> LDAPEntry {
        let named = ["pwdPolicySubentry": "cn=own,dc=x"].merging(attributes) { $1 }
        return LDAPEntry(
            dn: OneBindRuleTests.alice.dn,
            attributes: OneBindRuleTests.alice.attributes + named.map { ($0.key, [Array($0.value.utf8)]) }
        )
    }

    static let lasting = LDAPEntry(dn: "cn=own,dc=x", attributes: [("pwdLockout", [Array("TRUE".utf8)])])
    static let clean = alice()
    static let locked = alice(["pwdAccountLockedTime": "000001010000Z"])
    static let delayed = alice(["pwdAccountTmpLockoutEnd": "20990101000000Z"])
    static let wasDelayed = alice(["pwdAccountTmpLockoutEnd": "20200101000000Z"])
    static let failure = LDAPError(.connectionLost, "scripted", requestWasWritten: true)
    static let gone = LDAPError(.result, "gone", resultCode: .noSuchObject)

    struct Row: Sendable {
        var what: String
        var kind = DirectoryKind.openLDAP
        /// The search for alice, and what is asked afterwards.
        var searches: [ScriptedHost.Answer]
        var bind = ScriptedHost.Answer.bind(49)
        var reason: Rejection.Reason
        var isConclusive = true
        /// Searches in all.
        var asked: Int
    }

    static let rows: [Row] = [
        Row(
            what: "locked before, which is read with the person",
            searches: [.entries([locked]), .entries([lasting])],
            reason: .locked,
            asked: 2
        ),
        Row(
            what: "locked meanwhile, perhaps by this failure",
            searches: [.entries([clean]), .entries([locked]), .entries([lasting])],
            reason: .wrongPassword,
            isConclusive: false,
            asked: 3
        ),
        Row(what: "a wrong password", searches: [.entries([clean])], reason: .wrongPassword, asked: 2),
        Row(
            what: "not yet valid",
            searches: [.entries([alice(["pwdStartTime": "20990101000000Z"])])],
            reason: .disabled,
            asked: 1
        ),
        Row(
            what: "not valid any more",
            searches: [.entries([alice(["pwdEndTime": "20200101000000Z"])])],
            reason: .accountExpired,
            asked: 1
        ),
        Row(what: "a delay that was there before", searches: [.entries([delayed])], reason: .locked, asked: 1),
        Row(
            what: "a delay that this failure began",
            searches: [.entries([clean]), .entries([delayed])],
            reason: .wrongPassword,
            asked: 2
        ),
        Row(what: "a delay that is over", searches: [.entries([wasDelayed])], reason: .wrongPassword, asked: 2),
        Row(
            what: "an expired password says nothing of a wrong one",
            searches: [.entries([alice(["pwdReset": "TRUE"])])],
            reason: .wrongPassword,
            asked: 2
        ),
        Row(
            what: "nobody can say",
            searches: [.entries([clean]), .failure(failure)],
            reason: .wrongPassword,
            isConclusive: false,
            asked: 2
        ),
        Row(
            what: "gone meanwhile",
            searches: [.entries([clean]), .failure(gone)],
            reason: .wrongPassword,
            asked: 2
        ),
        Row(
            what: "a server that names locks is not asked",
            kind: .directoryServer389,
            searches: [.entries([clean])],
            reason: .wrongPassword,
            asked: 1
        ),
        Row(
            what: "nor is one that names wrong passwords",
            kind: .activeDirectory,
            searches: [.entries([clean])],
            bind: .refusal(49, BindVerdictTests.adText("52e")),
            reason: .wrongPassword,
            asked: 1
        ),
        Row(
            what: "Active Directory behind somebody who drops its words",
            kind: .activeDirectory,
            searches: [.entries([alice(["msDS-User-Account-Control-Computed": "16"])])],
            reason: .locked,
            asked: 1
        ),
        Row(
            what: "a number that proves nothing",
            kind: .activeDirectory,
            searches: [.entries([clean])],
            bind: .refusal(49, BindVerdictTests.adText("51f")),
            reason: .wrongPassword,
            isConclusive: false,
            asked: 2
        ),
    ]

    static func refusal(_ result: AuthenticationResult) throws -> Rejection {
        guard case .rejected(let rejection) = result else {
            Issue.record("\(result)")
            throw LiveDirectory.NotLetIn()
        }
        #expect(!rejection.passwordProved && rejection.host == "one" && rejection.detail.hasPrefix("result 49"))
        return rejection
    }

    static func directory(_ host: ScriptedHost, _ change: (inout DirectorySettings) -> Void) throws -> Directory {
        try OneBindRuleTests.directory([host]) { settings in
            settings.attributes.id = "entryUUID"
            settings.attributes.username = "uid"
            change(&settings)
        }
    }

    @Test(arguments: rows.indices) func isFoundByOneLook(_ index: Int) async throws {
        let row = Self.rows[index]
        let host = ScriptedHost("one", searches: row.searches, binds: [row.bind])
        let directory = try Self.directory(host) { $0.kind = row.kind }
        let rejection = try Self.refusal(await OneBindRuleTests.login(directory))
        #expect(
            rejection.reason == row.reason && rejection.isConclusive == row.isConclusive,
            "\(row.what): \(rejection)"
        )
        #expect(host.requests.count == row.asked, "\(row.what)")
        #expect(host.bound.count == 1)
    }

    /// With a name seen a moment ago nothing is read before the bind: what is there afterwards may have come of it.
    @Test(arguments: [true, false]) func aRememberedNameIsLookedAtAfterwards(_ samePassword: Bool) async throws {
        let rows: [([ScriptedHost.Answer], Rejection.Reason, Bool)] = [
            (
                [
                    .entries([Self.locked]), .entries(samePassword ? [Self.lasting] : [Self.locked]),
                    .entries([Self.lasting]),
                ], .locked, true
            ),
            ([.entries([Self.clean])], .wrongPassword, true),
            ([.entries([Self.delayed])], .wrongPassword, false),
        ]
        for (searches, reason, isConclusive) in rows {
            let host = ScriptedHost("one", searches: [.entries([Self.clean])] + searches, binds: [.bind(0), .bind(49)])
            let directory = try Self.directory(host) { $0.dnCache = .seconds(60) }
            #expect(OneBindRuleTests.Outcome(await OneBindRuleTests.login(directory)) == .authenticated)
            let password = Password(samePassword ? "secret" : "other")
            let result = await directory.authenticate("alice", password: password, deadline: .now + .seconds(10))
            let rejection = try Self.refusal(result)
            #expect(rejection.reason == reason && rejection.isConclusive == isConclusive, "\(searches): \(rejection)")
            #expect(host.bound.count == 2)
        }
    }

    @Test func aTemplateIsLookedBehindWhereSomebodyMaySearch() async throws {
        for maySearch in [true, false] {
            let host = ScriptedHost(
                "one",
                searches: [.entries([Self.locked]), .entries([Self.lasting])],
                binds: [.bind(49)]
            )
            let directory = try Self.directory(host) { settings in
                settings.bindDNTemplate = "uid={username},ou=people,dc=x"
                if !maySearch { settings.hosts[0].serviceIdentities = [] }
            }
            let rejection = try Self.refusal(await OneBindRuleTests.login(directory))
            #expect(rejection.reason == (maySearch ? .locked : .wrongPassword))
            #expect(host.requests.count == (maySearch ? 2 : 0))
        }
    }
}
