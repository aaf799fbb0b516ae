import Authentication
import LDAPClient
import Logging
import Testing

@testable import DirectoryAuth

/// Design decision 3 as a table: what a first host does, and whether a second one may see the bind.
@Suite struct OneBindRuleTests {
    static let alice = LDAPEntry(
        dn: "uid=alice,ou=people,dc=x",
        attributes: [("entryUUID", [Array("id-1".utf8)]), ("uid", [Array("alice".utf8)])]
    )

    static func settings(of hosts: [ScriptedHost]) -> DirectorySettings {
        var settings = DirectorySettings(
            id: SourceID(1),
            name: "corp",
            kind: .openLDAP,
            hosts: hosts.map(\.settings),
            userBase: "ou=people,dc=x"
        )
        settings.groups.mode = .none
        settings.dnCache = .zero
        return settings
    }

    static func directory(
        _ hosts: [ScriptedHost],
        _ change: (inout DirectorySettings) -> Void = { _ in }
    ) throws -> Directory {
        var settings = settings(of: hosts)
        change(&settings)
        return try Directory(settings: settings, hosts: hosts, logger: Logger(label: "test"))
    }

    static func login(_ directory: Directory, _ name: String = "alice") async -> AuthenticationResult {
        await directory.authenticate(name, password: Password("secret"), deadline: .now + .seconds(60))
    }

    static func error(_ code: LDAPError.Code, written: Bool = false, result: Int32? = nil) -> LDAPError {
        LDAPError(code, "scripted", resultCode: result.map { LDAPResultCode(rawValue: $0) }, requestWasWritten: written)
    }

    enum Outcome: String, Sendable {
        case authenticated, wrongPassword, other, unavailable

        init(_ result: AuthenticationResult) {
            switch result {
            case .authenticated: self = .authenticated
            case .unavailable: self = .unavailable
            case .rejected(let rejection): self = rejection.reason == .wrongPassword ? .wrongPassword : .other
            }
        }
    }

    static let bindRows: [(ScriptedHost.Answer, Outcome, second: Int)] = [
        (.bind(0), .authenticated, 0),
        (.bind(49), .wrongPassword, 0),
        (.bind(53), .other, 0),
        (.bind(80), .unavailable, 0),
        (.bind(8), .unavailable, 0),
        (.bind(51), .authenticated, 1),
        (.bind(52), .authenticated, 1),
        (.failure(error(.nameResolution)), .authenticated, 1),
        (.failure(error(.connect)), .authenticated, 1),
        (.failure(error(.tls)), .authenticated, 1),
        (.failure(error(.connectionLost)), .authenticated, 1),
        (.failure(error(.overloaded)), .authenticated, 1),
        (.failure(error(.connectionLost, written: true)), .unavailable, 0),
        (.failure(error(.timeout, written: true)), .unavailable, 0),
        (.failure(error(.timeout)), .authenticated, 1),
        (.failure(error(.cancelled)), .unavailable, 0),
        (.failure(error(.shutDown)), .unavailable, 0),
    ]

    @Test(arguments: bindRows.indices) func aBindGoesToTheNextHostOnlyWhenItWasNotSeen(_ index: Int) async throws {
        let (answer, outcome, second) = Self.bindRows[index]
        let first = ScriptedHost("one", searches: [.entries([Self.alice])], binds: [answer])
        let other = ScriptedHost("two", searches: [.entries([Self.alice])])
        let result = await Self.login(try Self.directory([first, other]))
        #expect(Outcome(result) == outcome, "\(answer)")
        #expect(first.bound.count == 1)
        #expect(other.bound.count == second, "\(answer)")
    }

    @Test(arguments: bindRows.indices) func theSameHoldsForATemplate(_ index: Int) async throws {
        let (answer, outcome, second) = Self.bindRows[index]
        let first = ScriptedHost("one", searches: [.entries([Self.alice])], binds: [answer])
        let other = ScriptedHost("two", searches: [.entries([Self.alice])])
        let directory = try Self.directory([first, other]) { settings in
            settings.bindDNTemplate = "uid={username},ou=people,dc=x"
            for index in settings.hosts.indices { settings.hosts[index].serviceIdentities = [] }
        }
        #expect(Outcome(await Self.login(directory)) == outcome, "\(answer)")
        #expect(first.bound.count == 1 && other.bound.count == second, "\(answer)")
    }

    @Test(
        arguments: [
            error(.nameResolution), error(.connect), error(.tls), error(.connectionLost),
            error(.connectionLost, written: true),
            error(.timeout, written: true), error(.serviceBind, result: 49), error(.overloaded),
            error(.result, result: 51),
            error(.result, result: 52), error(.result, result: 80), error(.result, result: 32),
            error(.result, result: 50),
            error(.result, result: 1), error(.result, result: 3), error(.result, result: 11),
        ]
    )
    func aSearchThatFailsEverywhereIsAnOutage(_ error: LDAPError) async throws {
        let hosts = ["one", "two"].map { ScriptedHost($0, searches: [.failure(error)]) }
        let result = await Self.login(try Self.directory(hosts))
        #expect(Outcome(result) == .unavailable, "\(error.code)")
        #expect(hosts.allSatisfy { $0.bound.isEmpty })
    }

    @Test func aSearchGoesOnWithTheNextHost() async throws {
        let first = ScriptedHost("one", searches: [.failure(Self.error(.timeout, written: true))])
        let other = ScriptedHost("two", searches: [.entries([Self.alice])])
        let directory = try Self.directory([first, other])
        #expect(Outcome(await Self.login(directory)) == .authenticated)
        #expect(first.requests.count == 1 && other.requests.count == 1)
    }

    @Test func aHostThatFailedIsLeftAloneForAWhile() async throws {
        let first = ScriptedHost("one", searches: [.failure(Self.error(.connect))])
        let other = ScriptedHost("two", searches: [.entries([Self.alice])])
        let directory = try Self.directory([first, other])
        let start = ContinuousClock.now
        for _ in 0..<20 { #expect(Outcome(await Self.login(directory)) == .authenticated) }
        // Once a second at most.
        let elapsed = Int((ContinuousClock.now - start).components.seconds)
        #expect(first.requests.count <= 1 + elapsed)
        #expect(first.bound.isEmpty)
        let status = directory.status
        // Down as soon as it has failed three times.
        #expect([.failing, .down].contains(status.hosts[0].state) && status.hosts[1].state == .up)
        #expect(status.hosts[0].lastError == "scripted")
        #expect(status.mayAnswer)
    }

    @Test func anOutageAfterTheBindIsNoRefusalAndNoSecondBind() async throws {
        // The bind succeeds, the groups cannot be read: nobody is let in with half of the groups.
        let first = ScriptedHost(
            "one",
            searches: [.entries([Self.alice]), .failure(Self.error(.timeout, written: true))]
        )
        let directory = try Self.directory([first]) { settings in
            settings.groups.mode = .search
            settings.groups.base = "ou=groups,dc=x"
        }
        #expect(Outcome(await Self.login(directory)) == .unavailable)
        #expect(first.bound.count == 1)
    }

    @Test func aWrongPasswordStaysOneWhenGroupsCannotBeRead() async throws {
        let first = ScriptedHost(
            "one",
            searches: [.entries([Self.alice]), .failure(Self.error(.timeout, written: true))],
            binds: [.bind(49)]
        )
        let directory = try Self.directory([first]) { settings in
            settings.groups.mode = .search
            settings.groups.base = "ou=groups,dc=x"
        }
        #expect(Outcome(await Self.login(directory)) == .wrongPassword)
    }

    @Test func anEntryWithoutIDOrNameIsNobodys() async throws {
        for attributes in [
            ["uid": "alice"], ["entryUUID": "1"], ["uid": " ", "entryUUID": "1"], ["uid": "a", "entryUUID": ""],
        ] {
            let entry = LDAPEntry(dn: "uid=alice", attributes: attributes.map { ($0.key, [Array($0.value.utf8)]) })
            let host = ScriptedHost("one", searches: [.entries([entry])])
            guard case .rejected(let rejection) = await Self.login(try Self.directory([host])) else {
                Issue.record("\(attributes)")
                continue
            }
            #expect(rejection.reason == .other)
            #expect(rejection.detail.contains("attributes."))
            #expect(host.bound.isEmpty)
        }
    }

    @Test(arguments: [("", false), ("0", false), ("-5", false), ("2147483648", false), ("x", false), ("10001", true)])
    func aMappedUserIDMustBeAPositiveInt32(_ value: String, _ isFine: Bool) async throws {
        let entry = LDAPEntry(
            dn: "uid=alice",
            attributes: Self.alice.attributes + [("uidNumber", [Array(value.utf8)])]
        )
        let host = ScriptedHost("one", searches: [.entries([entry])])
        let result = await Self.login(try Self.directory([host]) { $0.attributes.userID = "uidNumber" })
        #expect((Outcome(result) == .authenticated) == isFine)
        if case .authenticated(let identity) = result { #expect(identity.mappedUserID == 10_001) }
    }

    @Test func noBindWithoutAPassword() async throws {
        let host = ScriptedHost("one", searches: [.entries([Self.alice])])
        let directory = try Self.directory([host])
        let result = await directory.authenticate("alice", password: Password(""), deadline: .now + .seconds(5))
        guard case .rejected(let rejection) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(rejection.reason == .emptyPassword)
        #expect(host.bound.isEmpty && host.requests.isEmpty)
    }

    @Test(arguments: ["a\0b", " ", String(repeating: "a", count: 257)])
    func nobodyIsAskedAboutImpossibleNames(_ name: String) async throws {
        let host = ScriptedHost("one", searches: [.entries([Self.alice])])
        guard case .rejected(let rejection) = await Self.login(try Self.directory([host]), name) else {
            Issue.record("let in")
            return
        }
        #expect(rejection.reason == .unknownUser)
        #expect(host.bound.isEmpty && host.requests.isEmpty)
    }
}
