import Authentication
import Testing

/// Who is asked for a proof, and what comes of it.
@Suite struct SignOnTests {
    /// Judges proofs by a script: the octets are the answer's name.
    private struct Verifier: SignOnVerifying {
        func verify(_ token: SignOnToken, deadline: ContinuousClock.Instant) async -> SignOnVerdict {
            let text = String(decoding: token.octets, as: UTF8.self)
            switch text {
            case "bad": return .refused(SignOnRefusal(reason: "replay", detail: "seen before"))
            case "down": return .unavailable(Outage(sources: [], detail: "no keytab"))
            case "silent":
                await Task.detached { try? await Task.sleep(for: .seconds(60)) }.value
                return .refused(SignOnRefusal(reason: "late", detail: ""))
            default:
                let parts = text.split(separator: "@")
                return .proved(SignOnPrincipal(name: String(parts[0]), realm: String(parts[1])), reply: [7])
            }
        }
    }

    private func outcome(_ token: String, sources: [SourceID] = [], budget: Duration = .seconds(10)) async -> String {
        let corp = ScriptedSource(
            1,
            domains: ["CORP", "corp.example"],
            isActiveDirectory: true,
            ["alice": .letsIn(""), "off": .refuses(.disabled, proved: true), "down": .isDown, "silent": .isSilent]
        )
        let partner = ScriptedSource(2, domains: ["partner.example"], ["alice": .letsIn("")])
        let local = ScriptedSource(0, ["alice": .letsIn("")])
        var settings = AuthenticationSettings()
        settings.loginBudget = budget
        let authenticator = Authenticator(
            settings: settings,
            local: local,
            directories: [corp, partner],
            signOn: Verifier()
        )
        #expect(authenticator.offersSignOn)
        let answer = await authenticator.signOn(
            SignOnRequest(token: SignOnToken(Array(token.utf8)), sources: sources)
        )
        #expect(local.passwords.isEmpty, "local accounts have no realm")
        return switch answer {
        case .authenticated(let identity, let reply): "in \(identity.key.subject) \(reply ?? [])"
        case .refused(let refusal): "refused \(refusal.reason)"
        case .rejected(let principal, let rejection):
            "rejected \(principal) \(rejection.reason.rawValue) \(rejection.passwordProved)"
        case .unavailable(let outage): "down \(outage.sources.map(\.rawValue))"
        }
    }

    @Test(arguments: [
        ("alice@CORP.EXAMPLE", [], "in 1:alice [7]"),
        ("alice@corp.example", [], "in 1:alice [7]"),
        ("alice@PARTNER.EXAMPLE", [], "in 2:alice [7]"),
        ("alice@PARTNER.EXAMPLE", [SourceID(1)], "rejected alice@PARTNER.EXAMPLE unknown-user false"),
        ("alice@PARTNER.EXAMPLE", [SourceID(2), SourceID(1)], "in 2:alice [7]"),
        ("alice@ELSEWHERE", [], "rejected alice@ELSEWHERE unknown-user false"),
        ("nobody@CORP.EXAMPLE", [], "rejected nobody@CORP.EXAMPLE unknown-user false"),
        ("off@CORP.EXAMPLE", [], "rejected off@CORP.EXAMPLE disabled true"),
        ("down@CORP.EXAMPLE", [], "down [1]"),
        ("bad", [], "refused replay"),
        ("down", [], "down []"),
    ])
    func theRealmChoosesTheDirectory(token: String, sources: [SourceID], expected: String) async {
        #expect(await outcome(token, sources: sources) == expected)
    }

    @Test(arguments: [("silent", "down []"), ("silent@CORP.EXAMPLE", "down [1]")])
    func nobodyIsWaitedForLongerThanTheBudget(token: String, expected: String) async {
        #expect(await outcome(token, budget: .seconds(1)) == expected)
    }

    @Test func withoutAVerifierNothingIsOffered() async {
        let authenticator = Authenticator(settings: AuthenticationSettings(), local: ScriptedSource(0))
        #expect(!authenticator.offersSignOn)
        let answer = await authenticator.signOn(SignOnRequest(token: SignOnToken([])))
        guard case .refused = answer else {
            Issue.record("\(answer)")
            return
        }
    }
}
