import Authentication
import DirectoryAuth
import LDAPClient
import TestSupport
import Testing

/// Logins at a real slapd: search and bind.
@Suite struct LoginTests {
    @Test func everybodyOfTheSampleGetsIn() async throws {
        let live = try LiveDirectory(await Slapd.start())
        for person in LiveDirectory.sample.people where person.uid != "twin" {
            let identity = try await live.identity(person.uid, person.password)
            #expect(identity.username == person.uid)
            #expect(identity.firstName == person.givenName)
            #expect(identity.lastName == person.surname)
            #expect(identity.displayName == person.displayName)
            #expect(identity.email == person.mail)
            #expect(identity.groups == person.nestedGroups.sorted())
            #expect(identity.key.source == SourceID(1))
            #expect(identity.key.stableID.count == 36 && identity.key.stableID == identity.key.stableID.lowercased())
            #expect(identity.sourceName == "corp")
            #expect(identity.host != nil)
            let dn = try DistinguishedName(try #require(identity.locator))
            #expect(try dn == DistinguishedName(LiveDirectory.sample.dn(of: person)))
            let refused = try await live.rejection(person.uid, person.password + "x")
            #expect(refused.reason == .wrongPassword && !refused.passwordProved)
            #expect(refused.key == identity.key)
            #expect(!refused.detail.contains(person.password))
        }
        await live.stop()
    }

    @Test func everySpecialCharacterMayStandInAName() async throws {
        // Every printable ASCII character that means something somewhere, at the start, inside and at the end.
        let specials = Array(##" !"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##).map(String.init) + ["ü", "小林", "🦊", "é", "ß"]
        var ldif = ""
        var names: [String] = []
        for (index, special) in specials.enumerated() {
            let name = special == " " ? "a b\(index)" : "\(special)a\(special)\(index)\(special)"
            names.append(name)
            ldif += """
                dn: cn=special \(index),ou=people,dc=example,dc=org
                objectClass: inetOrgPerson
                cn: special \(index)
                sn: x
                \(LDIF.line("uid", name))
                \(LDIF.line("userPassword", "pw-\(special)-\(index)"))


                """
        }
        var options = Slapd.Options()
        options.extraLDIF = ldif
        let live = try LiveDirectory(await Slapd.start(options))
        for (index, name) in names.enumerated() {
            let identity = try await live.identity(name, "pw-\(specials[index])-\(index)")
            #expect(identity.username == name)
            #expect(try await live.rejection(name, "pw-\(specials[index])-\(index)!").reason == .wrongPassword)
        }
        // None of these is a filter.
        for name in ["*", "ali*", "alice)(uid=*", "*)(objectClass=*", #"\2a"#, "alice\\00", "(uid=alice)"] {
            #expect(try await live.rejection(name, "alice-secret").reason == .unknownUser, "\(name)")
        }
        await live.stop()
    }

    @Test(arguments: ["ALICE", "  alice ", "Alice\t", #"CORP\Alice"#, "alice@corp.example"])
    func theNameInTheAnswerIsTheEntrys(_ typed: String) async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.domains = ["corp", "CORP.EXAMPLE"] }
        #expect(try await live.identity(typed, "alice-secret").username == "alice")
        #expect(try await live.rejection(#"OTHER\alice"#, "alice-secret").reason == .unknownUser)
        await live.stop()
    }

    @Test func nobodyAndTwoAreRefused() async throws {
        let live = try LiveDirectory(await Slapd.start())
        #expect(try await live.rejection("nobody", "x").reason == .unknownUser)
        let ambiguous = try await live.rejection("twin", "twin-one")
        #expect(ambiguous.reason == .ambiguousUser)
        #expect(ambiguous.detail.contains("uid=twin,ou=people,"))
        #expect(ambiguous.detail.contains("uid=twin,ou=staff,ou=people,"))
        #expect(live.slapd.bindRequests(dn: "uid=twin,ou=people,dc=example,dc=org") == 0)
        await live.stop()
    }

    @Test func oneLevelLeavesOutWhatLiesDeeper() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.userScope = .oneLevel }
        #expect(try await live.rejection("dave", "dave-secret").reason == .unknownUser)
        _ = try await live.identity("twin", "twin-one")
        await live.stop()
    }

    @Test func aWrongPasswordCountsOnce() async throws {
        let live = try LiveDirectory(await Slapd.start())
        let dn = "uid=alice,ou=people,dc=example,dc=org"
        #expect(try await live.rejection("alice", "wrong").reason == .wrongPassword)
        #expect(await eventually { live.slapd.bindRequests(dn: dn) >= 1 })
        _ = try await live.identity("alice", "alice-secret")
        #expect(await eventually { live.slapd.bindRequests(dn: dn) >= 2 })
        #expect(live.slapd.bindRequests(dn: dn) == 2)
        await live.stop()
    }

    @Test func manyLoginsAtOnceKeepTheirPeopleApart() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.dnCache = .seconds(60) }
        let people = LiveDirectory.sample.people.filter { $0.uid != "twin" }
        await withTaskGroup(of: Void.self) { group in
            for round in 0..<200 {
                let person = people[round % people.count]
                group.addTask {
                    if round.isMultiple(of: 3) {
                        let result = await live.login(person.uid, "wrong")
                        guard case .rejected(let rejection) = result, rejection.reason == .wrongPassword else {
                            Issue.record("\(person.uid): \(result)")
                            return
                        }
                    } else {
                        let identity = try? await live.identity(person.uid, person.password)
                        #expect(identity?.username == person.uid && identity?.groups == person.nestedGroups.sorted())
                    }
                }
            }
        }
        await live.stop()
    }

    @Test func mappedNumbersAndMailSuffix() async throws {
        let live = try LiveDirectory(await Slapd.start()) {
            $0.attributes.userID = "uidNumber"
            $0.attributes.emailSuffix = "corp.example"
        }
        let carol = try await live.identity("carol", try #require(LiveDirectory.sample.person("carol")).password)
        #expect(carol.mappedUserID == 10_003)
        #expect(carol.email == "carol@corp.example")
        #expect(try await live.identity("alice", "alice-secret").email == "alice@example.org")
        await live.stop()
    }

    @Test func theDNCanBeTheID() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.attributes.id = "dn" }
        let identity = try await live.identity("Alice", "alice-secret")
        #expect(identity.key.stableID == "uid=alice,ou=people,dc=example,dc=org")
        guard case .current = await live.recheck(identity) else {
            Issue.record("gone")
            return
        }
        await live.stop()
    }

    @Test func theFirstValueCountsAndBlanksGo() async throws {
        var options = Slapd.Options()
        options.extraLDIF = """
            dn: uid=multi,ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            uid: multi
            uid: second
            cn: multi
            sn:: \("ICBOYW1lICA=")
            mail: first@example.org
            mail: second@example.org
            userPassword: pw


            """
        let live = try LiveDirectory(await Slapd.start(options))
        let identity = try await live.identity("second", "pw")
        #expect(identity.username == "multi")
        #expect(identity.lastName == "Name")
        #expect(identity.email == "first@example.org")
        await live.stop()
    }

    @Test func passwordsAreOctets() async throws {
        let password: [UInt8] = [0xFF, 0xFE, 0x80, 0x41, 0x2A, 0x5C]
        var options = Slapd.Options()
        options.extraLDIF = """
            dn: uid=octets,ou=people,dc=example,dc=org
            objectClass: inetOrgPerson
            uid: octets
            cn: octets
            sn: octets
            \(LDIF.line("userPassword", password))


            """
        let live = try LiveDirectory(await Slapd.start(options))
        let deadline = ContinuousClock.now + .seconds(15)
        let right = await live.directory.authenticate("octets", password: Password(password), deadline: deadline)
        guard case .authenticated = right else {
            Issue.record("\(right)")
            return
        }
        let wrong = await live.directory.authenticate("octets", password: Password(password + [0]), deadline: deadline)
        guard case .rejected(let rejection) = wrong, rejection.reason == .wrongPassword else {
            Issue.record("\(wrong)")
            return
        }
        // NFC and NFD are two passwords, whatever they look like.
        _ = try await live.identity("jürgen", "pässwörd-ÄÖÜ-ß")
        #expect(try await live.rejection("jürgen", "pa\u{308}sswo\u{308}rd-ÄÖÜ-ß").reason == .wrongPassword)
        // As a name both are one, as slapd compares them.
        #expect(try await live.identity("ju\u{308}rgen", "pässwörd-ÄÖÜ-ß").username == "jürgen")
        await live.stop()
    }

    @Test func anonymousCanBeTheSearcher() async throws {
        let live = try LiveDirectory(await Slapd.start()) { $0.hosts[0].serviceIdentities = [.anonymous] }
        #expect(try await live.identity("alice", "alice-secret").groups.contains("everyone"))
        #expect(live.slapd.bindRequests() == live.slapd.bindRequests(dn: "uid=alice,ou=people,dc=example,dc=org"))
        await live.stop()
    }
}
