import Authentication
import Testing

extension PasswordHasher {
    /// True when the account's hash is that of `password`.
    func accepts(_ password: String, _ account: LocalAccount) async -> Bool {
        guard let hash = account.passwordHash else { return false }
        return (try? await verify(Password(password), against: hash)) == true
    }
}

@Suite struct AccountServiceTests {
    @Test(arguments: [
        ("", "account name is empty"),
        ("  ", "account name is empty"),
        ("a:b", "colon"),
        ("CORP\\alice", "backslash"),
        ("ali\u{200B}ce", "U+200B"),
        ("alice\u{202E}", "U+202E"),
        ("ali\nce", "U+000A"),
        ("a\u{A0}b", "U+00A0"),
        ("a\u{AD}b", "U+00AD"),
        ("\u{115F}", "U+115F"),
        ("a\u{E000}", "U+E000"),
        ("a\u{378}", "U+0378"),
        ("a\u{0}", "U+0000"),
        (String(repeating: "a", count: 129), "longer than 128"),
    ])
    func namesThatMayNotBe(_ name: String, _ says: String) async throws {
        let service = try LocalFixture().service
        let error = await #expect(throws: AccountError.self) {
            try await service.add(NewAccount(name: name), password: Password("geheim"))
        }
        #expect(error?.code == .invalid)
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        #expect(error?.description.unicodeScalars.contains { LogText.needsEscape($0) } == false)
    }

    @Test(arguments: ["alice", " Bob ", "jürgen.groß", "first.last@mail.example", "Ольга", "O'Neil, Pat", "田中", "a b"])
    func namesThatMayBe(_ name: String) async throws {
        let fixture = try LocalFixture()
        let account = try await fixture.service.add(NewAccount(name: name), password: Password("geheim"))
        #expect(account.name == String(UsernameFolding.trimmingBlanks(name)))
        #expect(await fixture.login(name, "geheim").identity?.username == account.name)
    }

    @Test(arguments: [
        (NewAccount(name: "a", email: "nobody"), "e-mail"),
        (NewAccount(name: "a", email: "a@b@c"), "e-mail"),
        (NewAccount(name: "a", email: "a b@c"), "e-mail"),
        (NewAccount(name: "a", firstName: "Al\u{7}"), "first name"),
        (NewAccount(name: "a", lastName: "Al\u{2028}x"), "last name"),
        (NewAccount(name: "a", groups: ["ok", ""]), "group name is empty"),
        (NewAccount(name: "a", groups: ["corp:admins"]), "colon"),
        (NewAccount(name: "a", groups: ["x\r"]), "no fault: blanks go"),
        (NewAccount(name: "a", groups: ["x\ry"]), "group name"),
    ])
    func otherFields(_ new: NewAccount, _ says: String) async throws {
        let service = try LocalFixture().service
        if says.hasPrefix("no fault") {
            #expect(try await service.add(new, password: nil).groups == ["x"])
            return
        }
        let error = await #expect(throws: AccountError.self) { try await service.add(new, password: nil) }
        #expect(error?.code == .invalid)
        #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        #expect(try await service.list().isEmpty)
    }

    @Test func namesAreUniqueWhateverTheirCase() async throws {
        let service = try LocalFixture().service
        _ = try await service.add(NewAccount(name: "Straße"), password: nil)
        let error = await #expect(throws: AccountError.self) {
            try await service.add(NewAccount(name: "STRASSE"), password: nil)
        }
        #expect(error?.code == .conflict)
        #expect(error?.description.contains("“Straße”") == true)
    }

    @Test(arguments: [Password(""), Password(String(repeating: "x", count: 4097))])
    func passwordsThatMayNotBe(_ password: Password) async throws {
        let service = try LocalFixture().service
        let adding = await #expect(throws: AccountError.self) {
            try await service.add(NewAccount(name: "alice"), password: password)
        }
        #expect(adding?.code == .invalid)
        _ = try await service.add(NewAccount(name: "alice"), password: nil)
        let setting = await #expect(throws: AccountError.self) {
            try await service.setPassword(password, name: "alice")
        }
        #expect(setting?.code == .invalid)
    }

    @Test func changesTouchOnlyWhatIsGiven() async throws {
        let fixture = try LocalFixture()
        let new = NewAccount(name: "alice", firstName: "Alice", lastName: "Adams", email: "a@x", groups: ["a", "b"])
        _ = try await fixture.service.add(new, password: Password("geheim"))
        let change = AccountChange(firstName: "Alicia", email: "", addedGroups: ["c", "a"], removedGroups: ["b"])
        let account = try await fixture.service.change("ALICE", change)
        #expect(account.firstName == "Alicia")
        #expect(account.lastName == "Adams")
        #expect(account.email == nil)
        #expect(account.groups == ["a", "c"])
        #expect(try await fixture.service.account(named: "alice") == account)
        #expect(await fixture.login("alice", "geheim").identity?.email == nil)

        let error = await #expect(throws: AccountError.self) {
            try await fixture.service.change("alice", AccountChange(removedGroups: ["b"]))
        }
        #expect(error?.code == .invalid)
        #expect(error?.description.contains("“b”") == true)
    }

    /// What is done to one account while another command is under way.
    enum Meanwhile: CaseIterable, Sendable {
        case change, disable, password
    }

    @Test("Of two commands at once neither undoes the other", arguments: Meanwhile.allCases, Meanwhile.allCases)
    func meanwhile(_ first: Meanwhile, _ second: Meanwhile) async throws {
        let fixture = try LocalFixture()
        let (service, store) = (fixture.service, fixture.store)
        let later = fixture.clock.now() + .seconds(7)
        _ = try await service.add(NewAccount(name: "alice", groups: ["a"]), password: Password("old"))
        store.afterEachLookup { id in
            store.overwrite(id) { account in
                switch second {
                case .change: (account.lastName, account.groups) = ("Adams", ["a", "b"])
                case .disable: account.isDisabled = true
                case .password: (account.passwordHash, account.passwordChangedAt) = ("another", later)
                }
            }
        }
        let answer =
            switch first {
            case .change: try await service.change("alice", AccountChange(firstName: "Al", addedGroups: ["c"]))
            case .disable: try await service.setDisabled(true, name: "alice")
            case .password: try await service.setPassword(Password("new"), name: "alice")
            }
        let kept = try #require(try await store.account(id: answer.id))
        #expect(kept == answer)
        let isDisabled = first == .disable || second == .disable
        #expect(kept.firstName == (first == .change ? "Al" : nil))
        #expect(kept.lastName == (second == .change ? "Adams" : nil))
        #expect(kept.groups == ["a"] + (second == .change ? ["b"] : []) + (first == .change ? ["c"] : []))
        #expect(kept.isDisabled == isDisabled)
        switch (first, second) {
        case (.password, .password): #expect(kept.passwordHash != "another" && kept.passwordChangedAt > later)
        case (.password, _): #expect(await fixture.hasher.accepts("new", kept))
        case (_, .password): #expect(kept.passwordHash == "another" && kept.passwordChangedAt == later)
        default: #expect(await fixture.hasher.accepts("old", kept))
        }
    }

    @Test func aNewPasswordReplacesTheOldOneAndIsSeen() async throws {
        let fixture = try LocalFixture()
        let account = try await fixture.service.add(NewAccount(name: "alice"), password: Password("old"))
        fixture.clock.set(Timestamp(seconds: 1_000_000_000))
        let changed = try await fixture.service.setPassword(Password("new"), name: "alice")
        #expect(changed.passwordChangedAt > account.passwordChangedAt, "even when the clock went back")
        #expect(await fixture.login("alice", "old").rejection?.reason == .wrongPassword)
        #expect(await fixture.login("alice", "new").identity != nil)
    }

    @Test func whoIsNotThereIsSaid() async throws {
        let fixture = try LocalFixture()
        func code(_ body: () async throws -> Void) async -> AccountError.Code? {
            do { try await body() } catch { return (error as? AccountError)?.code }
            return nil
        }
        #expect(await code { _ = try await fixture.service.account(named: "x\n") } == .notFound)
        #expect(await code { _ = try await fixture.service.change("x", AccountChange()) } == .notFound)
        #expect(await code { _ = try await fixture.service.setDisabled(true, name: "x") } == .notFound)
        #expect(await code { _ = try await fixture.service.setPassword(Password("p"), name: "x") } == .notFound)
        #expect(await code { try await fixture.service.remove("x") } == .notFound)
        fixture.store.fail(StoreError(.unavailable, "disk full"))
        #expect(await code { _ = try await fixture.service.list() } == .unavailable)
        #expect(await code { try await fixture.service.remove("x") } == .unavailable)
    }

    @Test func whoIsRemovedIsUnknown() async throws {
        let fixture = try LocalFixture()
        _ = try await fixture.service.add(NewAccount(name: "alice"), password: Password("geheim"))
        try await fixture.service.remove("Alice")
        #expect(await fixture.login("alice", "geheim").rejection?.reason == .unknownUser)
        #expect(try await fixture.service.list().isEmpty)
    }
}
