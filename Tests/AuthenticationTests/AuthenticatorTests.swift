import Authentication
import Testing

/// Who answers what, and what the login comes to.
struct LoginCase: Sendable, CustomTestStringConvertible {
    typealias Answer = ScriptedSource.Answer

    var title: String
    var selection = AuthenticationRequest.Selection.unnamed
    var first = Answer.refuses(.unknownUser)
    var second = Answer.refuses(.unknownUser)
    var local = Answer.refuses(.unknownUser)
    var order: [Int32] = [1, 2, 0]
    var pastOutage = false
    var fallback: Set<AuthenticationSettings.Fallback> = [.unknownUser, .directoryUnavailable]
    /// `in 1`, `refused reason source`, `down 1,2`.
    var outcome: String
    /// The sources that saw the password, in the order 1, 2, 0.
    var asked: [Int32]

    var testDescription: String { title }
}

@Suite struct AuthenticatorTests {
    @Test(arguments: [
        LoginCase(title: "the first knows", first: .letsIn("pw"), outcome: "in 1", asked: [1]),
        LoginCase(title: "the second knows", second: .letsIn("pw"), outcome: "in 2", asked: [1, 2]),
        LoginCase(title: "local knows", local: .letsIn("pw"), outcome: "in 0", asked: [1, 2, 0]),
        LoginCase(title: "nobody knows", outcome: "refused unknown-user 1", asked: [1, 2, 0]),
        LoginCase(
            title: "wrong stops",
            first: .refuses(.wrongPassword),
            second: .letsIn("pw"),
            outcome: "refused wrong-password 1",
            asked: [1]
        ),
        LoginCase(
            title: "ambiguous stops",
            first: .refuses(.ambiguousUser),
            second: .letsIn("pw"),
            local: .letsIn("pw"),
            outcome: "refused ambiguous-user 1",
            asked: [1]
        ),
        LoginCase(
            title: "locked stops behind an unknown",
            second: .refuses(.locked),
            local: .letsIn("pw"),
            outcome: "refused locked 2",
            asked: [1, 2]
        ),
        LoginCase(
            title: "a password never goes past an outage to another directory",
            first: .isDown,
            second: .letsIn("pw"),
            outcome: "down 1",
            asked: [1, 0]
        ),
        LoginCase(title: "outage, then local", first: .isDown, local: .letsIn("pw"), outcome: "in 0", asked: [1, 0]),
        LoginCase(
            title: "outage, then a wrong local password",
            first: .isDown,
            local: .refuses(.wrongPassword),
            outcome: "down 1",
            asked: [1, 0]
        ),
        LoginCase(
            title: "outage, local in the middle",
            first: .isDown,
            second: .letsIn("pw"),
            order: [1, 0, 2],
            outcome: "down 1",
            asked: [1, 0]
        ),
        LoginCase(
            title: "past outages when it is said",
            first: .isDown,
            second: .letsIn("pw"),
            pastOutage: true,
            outcome: "in 2",
            asked: [1, 2]
        ),
        LoginCase(
            title: "past outages to a refusal",
            first: .isDown,
            second: .refuses(.wrongPassword),
            pastOutage: true,
            outcome: "down 1",
            asked: [1, 2]
        ),
        LoginCase(
            title: "both down",
            first: .isDown,
            second: .isDown,
            pastOutage: true,
            outcome: "down 1,2",
            asked: [1, 2, 0]
        ),
        LoginCase(title: "the store is down", local: .isDown, outcome: "down 0", asked: [1, 2, 0]),
    ])
    func byOrder(_ row: LoginCase) async { await check(row) }

    @Test(arguments: [
        LoginCase(title: "knows", first: .letsIn("pw"), outcome: "in 1", asked: [1]),
        LoginCase(title: "unknown, then local", local: .letsIn("pw"), outcome: "in 0", asked: [1, 0]),
        LoginCase(title: "unknown, unknown", outcome: "refused unknown-user 1", asked: [1, 0]),
        LoginCase(
            title: "unknown, local refuses",
            local: .refuses(.disabled, proved: true),
            outcome: "refused disabled 0 proved",
            asked: [1, 0]
        ),
        LoginCase(
            title: "unknown, never local",
            local: .letsIn("pw"),
            fallback: [.directoryUnavailable],
            outcome: "refused unknown-user 1",
            asked: [1]
        ),
        LoginCase(
            title: "refused, never local",
            first: .refuses(.other),
            local: .letsIn("pw"),
            outcome: "refused other 1",
            asked: [1]
        ),
        LoginCase(
            title: "refused with the right password",
            first: .refuses(.passwordExpired, proved: true),
            local: .letsIn("pw"),
            outcome: "refused password-expired 1 proved",
            asked: [1]
        ),
        LoginCase(title: "down, local lets in", first: .isDown, local: .letsIn("pw"), outcome: "in 0", asked: [1, 0]),
        LoginCase(title: "down, local does not know", first: .isDown, outcome: "down 1", asked: [1, 0]),
        LoginCase(
            title: "down, local disabled",
            first: .isDown,
            local: .refuses(.disabled, proved: true),
            outcome: "down 1",
            asked: [1, 0]
        ),
        LoginCase(
            title: "down, never local",
            first: .isDown,
            local: .letsIn("pw"),
            fallback: [.unknownUser],
            outcome: "down 1",
            asked: [1]
        ),
    ])
    func byServerId(_ row: LoginCase) async {
        var row = row
        row.selection = .directory(SourceID(1))
        await check(row)
    }

    private func check(_ row: LoginCase) async {
        let first = ScriptedSource(1, otherwise: row.first)
        let second = ScriptedSource(2, otherwise: row.second)
        let local = ScriptedSource(0, otherwise: row.local)
        let authenticator = Authenticator(
            settings: AuthenticationSettings(
                order: row.order.map { SourceID($0) },
                fallbackToLocal: row.fallback,
                orderPastOutage: row.pastOutage,
                // Nobody here is slow; a busy machine is.
                loginBudget: .seconds(120)
            ),
            local: local,
            directories: [first, second]
        )
        let request = AuthenticationRequest(username: "alice", password: Password("pw"), selection: row.selection)
        let outcome =
            switch await authenticator.authenticate(request) {
            case .authenticated(let identity): "in \(identity.key.source)"
            case .rejected(let no):
                "refused \(no.reason.rawValue) \(no.source?.description ?? "-")" + (no.passwordProved ? " proved" : "")
            case .unavailable(let outage): "down " + outage.sources.map(\.description).joined(separator: ",")
            }
        #expect(outcome == row.outcome)
        #expect([first, second, local].filter { !$0.passwords.isEmpty }.map(\.id.rawValue) == row.asked)
        #expect([first, second, local].allSatisfy { $0.passwords.count <= 1 }, "nobody is asked twice")
    }

    @Test func nothingIsAskedForAnEmptyPasswordOrName() async {
        let local = ScriptedSource(0)
        let authenticator = Authenticator(settings: AuthenticationSettings(), local: local)
        let empty = await authenticator.authenticate(AuthenticationRequest(username: "alice", password: Password("")))
        #expect(empty.rejection?.reason == .emptyPassword)
        let blank = await authenticator.authenticate(AuthenticationRequest(username: " \t", password: Password("pw")))
        #expect(blank.rejection?.reason == .unknownUser)
        #expect(local.passwords.isEmpty)
    }

    @Test func namesGoToTheSourcesAsTyped() async {
        let first = ScriptedSource(1, domains: ["CORP"])
        let local = ScriptedSource(0)
        let authenticator = Authenticator(settings: AuthenticationSettings(), local: local, directories: [first])
        _ = await authenticator.authenticate(
            AuthenticationRequest(username: " corp\\Alice ", password: Password(" p w "))
        )
        #expect(first.passwords == [" corp\\Alice / p w "])
        #expect(local.passwords == ["Alice/ p w "], "the domain chose the directory and has done its work")
        _ = await authenticator.authenticate(
            AuthenticationRequest(username: " other\\Alice ", password: Password(" p w "))
        )
        #expect(local.passwords.last == " other\\Alice / p w ")
    }

    @Test func directoriesAreKnownByTheClientsSources() {
        let authenticator = Authenticator(
            settings: AuthenticationSettings(order: [.local]),
            local: ScriptedSource(0),
            directories: [ScriptedSource(1), ScriptedSource(2)]
        )
        #expect(authenticator.isKnown(SourceID(1), sources: []))
        #expect(authenticator.isKnown(SourceID(2), sources: [SourceID(2), .local]))
        #expect(!authenticator.isKnown(SourceID(1), sources: [SourceID(2), .local]))
        #expect(!authenticator.isKnown(SourceID(3), sources: []))
        #expect(!authenticator.isKnown(.local, sources: []))
        #expect(!authenticator.isKnown(SourceID(-1), sources: []))
    }

    @Test func aSourceThatIgnoresItsDeadlineHoldsNobody() async throws {
        let silent = ScriptedSource(1, otherwise: .isSilent)
        let authenticator = Authenticator(
            settings: AuthenticationSettings(order: [SourceID(1)], loginBudget: .milliseconds(200)),
            local: ScriptedSource(0),
            directories: [silent]
        )
        let start = ContinuousClock.now
        let result = await authenticator.authenticate(AuthenticationRequest(username: "a", password: Password("pw")))
        #expect(result.outage?.sources == [SourceID(1)])
        let recheck = await authenticator.recheck(
            IdentityKey(source: SourceID(1), stableID: "a"),
            username: "a",
            locator: nil,
            credentialState: nil
        )
        guard case .unavailable = recheck else { Issue.record("not an outage"); return }
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test func aHangingDirectoryLeavesTimeForTheLocalAccounts() async throws {
        let fixture = try LocalFixture()
        _ = try await fixture.service.add(NewAccount(name: "alice"), password: Password("geheim"))
        let authenticator = Authenticator(
            settings: AuthenticationSettings(loginBudget: .seconds(8)),
            local: fixture.source,
            directories: [ScriptedSource(1, otherwise: .isSilent)]
        )
        let result = await authenticator.authenticate(
            AuthenticationRequest(username: "alice", password: Password("geheim"), selection: .directory(SourceID(1)))
        )
        #expect(result.identity?.username == "alice")
    }

    @Test func aCallerThatGoesAwayIsNotHeld() async {
        let authenticator = Authenticator(
            settings: AuthenticationSettings(order: [SourceID(1)]),
            local: ScriptedSource(0),
            directories: [ScriptedSource(1, otherwise: .isSilent)]
        )
        let start = ContinuousClock.now
        let task = Task {
            await authenticator.authenticate(AuthenticationRequest(username: "a", password: Password("pw")))
        }
        try? await Task.sleep(for: .milliseconds(50))
        task.cancel()
        #expect(await task.value.outage != nil)
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    @Test func recheckAsksThePersonsOwnSourceOnly() async {
        let authenticator = Authenticator(
            settings: AuthenticationSettings(),
            local: ScriptedSource(0),
            directories: [ScriptedSource(1)]
        )
        func recheck(_ source: Int32) async -> RecheckResult {
            let key = IdentityKey(source: SourceID(source), stableID: "x")
            return await authenticator.recheck(key, username: "x", locator: nil, credentialState: nil)
        }
        guard case .current(let identity) = await recheck(1) else { Issue.record("not current"); return }
        #expect(identity.sourceName == "dir1")
        guard case .ended = await recheck(7) else { Issue.record("a removed directory ends its sessions"); return }
    }

    @Test func manyLoginsAtOnceDoNotDisturbEachOther() async throws {
        let fixture = try LocalFixture(limit: 1000)
        _ = try await fixture.service.add(NewAccount(name: "alice"), password: Password("geheim"))
        let authenticator = Authenticator(
            settings: AuthenticationSettings(loginBudget: .seconds(120)),
            local: fixture.source
        )
        let right = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let isRight = number.isMultiple(of: 2)
                    let password = Password(isRight ? "geheim" : "falsch")
                    let request = AuthenticationRequest(username: "alice", password: password)
                    return (await authenticator.authenticate(request).identity != nil) == isRight
                }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(right)
    }
}
