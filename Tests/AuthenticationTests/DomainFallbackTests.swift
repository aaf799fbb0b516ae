import Authentication
import Testing

@Suite struct DomainFallbackTests {
    @Test(
        "Behind a directory that a domain chose, the local account is found",
        arguments: ["CORP\\lisa", "lisa@corp.example", " corp\\ Lisa "],
        [ScriptedSource.Answer.refuses(.unknownUser), .isDown]
    )
    func localBehindADomain(_ name: String, _ answer: ScriptedSource.Answer) async throws {
        let fixture = try LocalFixture()
        _ = try await fixture.service.add(NewAccount(name: "lisa"), password: Password("geheim"))
        let directory = ScriptedSource(1, domains: ["CORP", "corp.example"], otherwise: answer)
        let authenticator = Authenticator(
            settings: AuthenticationSettings(order: [SourceID(1)], loginBudget: .seconds(120)),
            local: fixture.source,
            directories: [directory]
        )
        for selection in [AuthenticationRequest.Selection.unnamed, .directory(SourceID(1))] {
            let request = AuthenticationRequest(username: name, password: Password("geheim"), selection: selection)
            #expect(await authenticator.authenticate(request).identity?.username == "lisa")
        }
        #expect(directory.passwords == ["\(name)/geheim", "\(name)/geheim"], "the directory gets the name as typed")
    }
}
