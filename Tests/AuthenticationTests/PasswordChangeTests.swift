import Authentication
import Testing

/// Which source is asked to change a password, and what needs no source at all.
@Suite struct PasswordChangeTests {
    private func outcome(
        _ account: PasswordChangeRequest.Account,
        old: String = "pw",
        new: String = "new",
        fallback: Set<AuthenticationSettings.Fallback> = [.unknownUser, .directoryUnavailable]
    ) async -> (String, asked: [Int32]) {
        let corp = ScriptedSource(
            1,
            domains: ["CORP"],
            ["alice": .letsIn("pw"), "CORP\\alice": .letsIn("pw"), "down": .isDown]
        )
        let partner = ScriptedSource(2, ["bob": .letsIn("pw"), "alice": .letsIn("pw")])
        let local = ScriptedSource(0, ["lisa": .letsIn("pw"), "down": .letsIn("pw")])
        var settings = AuthenticationSettings()
        settings.order = [SourceID(1), SourceID(2), .local]
        settings.fallbackToLocal = fallback
        let authenticator = Authenticator(settings: settings, local: local, directories: [corp, partner])
        let answer = await authenticator.changePassword(
            PasswordChangeRequest(account: account, old: Password(old), new: Password(new))
        )
        let asked = [corp, partner, local].filter { !$0.passwords.isEmpty }.map(\.id.rawValue)
        let text =
            switch answer {
            case .changed(let identity): "changed \(identity.key.subject)"
            case .rejected(let rejection): "rejected \(rejection.reason.rawValue)"
            case .refused(let refusal): "refused \(refusal.reason.rawValue)"
            case .unavailable: "down"
            }
        return (text, asked)
    }

    @Test(
        arguments: [
            (.named("alice", .unnamed), "changed 1:alice", [1]),
            (.named("CORP\\alice", .unnamed), "changed 1:CORP\\alice", [1]),
            (.named("bob", .unnamed), "changed 2:bob", [1, 2]),
            (.named("lisa", .unnamed), "changed 0:lisa", [1, 2, 0]),
            (.named("lisa", .directory(SourceID(1))), "changed 0:lisa", [1, 0]),
            (.named("nobody", .unnamed), "rejected unknown-user", [1, 2, 0]),
            (.named("down", .unnamed), "changed 0:down", [1, 0]),
            (.named(" ", .unnamed), "rejected unknown-user", []),
            (.named("alice", .directory(SourceID(2))), "changed 2:alice", [2]),
            (
                .known(IdentityKey(source: SourceID(2), stableID: "bob"), username: "bob", locator: nil),
                "changed 2:bob", [2]
            ),
            (
                .known(IdentityKey(source: SourceID(9), stableID: "bob"), username: "bob", locator: nil),
                "rejected unknown-user", []
            ),
        ] as [(PasswordChangeRequest.Account, String, [Int32])]
    )
    func theOwnSourceIsAsked(account: PasswordChangeRequest.Account, expected: String, sources: [Int32]) async {
        let (text, asked) = await outcome(account)
        #expect(text == expected)
        #expect(asked == sources)
    }

    @Test func aRefusalIsFinal() async {
        let (text, asked) = await outcome(.named("alice", .unnamed), old: "wrong")
        #expect(text == "rejected wrong-password" && asked == [1])
    }

    @Test(arguments: [
        ("", "new", "rejected empty-password"), ("pw", "", "refused too-short"), ("pw", "pw", "refused unchanged"),
        ("pw", String(repeating: "x", count: 4097), "refused too-long"),
    ])
    func nobodyIsAskedInVain(old: String, new: String, expected: String) async {
        let (text, asked) = await outcome(.named("alice", .unnamed), old: old, new: new)
        #expect(text == expected && asked.isEmpty)
    }
}
