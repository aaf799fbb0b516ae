import FoundationEssentials
import Testing

@testable import Authentication

@Suite struct AccountFileTests {
    let now = Timestamp(seconds: 1_790_000_000)

    func read(_ text: String, _ format: AccountFile.Format? = nil) throws(AccountError) -> AccountFile {
        try AccountFile(Array(text.utf8), format: format, now: now)
    }

    @Test(arguments: [
        ("anna:$2y$10$x\n", AccountFile.Format.htpasswd), ("# made by hand\n\nanna:{SSHA}x\r\n", .htpasswd),
        ("anna:x:comment", .htpasswd), ("root:*:19000:0:99999:7:::\n", .shadow), ("\u{FEFF}name,email\n", .csv),
        ("Name,Email\r\nanna,\r\n", .csv),
    ])
    func theFormatShows(_ text: String, _ format: AccountFile.Format) throws {
        #expect(try read(text).format == format)
    }

    @Test(arguments: [
        ("", "the file is empty"), ("\n\n# nothing\n", "the file is empty"),
        ("root:x:0:0:root:/root:/bin/bash\n", "looks like /etc/passwd, which holds no passwords: give /etc/shadow"),
        ("anna\nbert\n", "looks neither like htpasswd"), ("a\0b:c", "the file is no text"),
    ])
    func whatIsNoneIsSaid(_ text: String, _ sentence: String) throws {
        let error = #expect(throws: AccountError.self) { try read(text) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test func whatIsNoUTF8IsNamedByLine() throws {
        let error = #expect(throws: AccountError.self) {
            try AccountFile(Array("anna:x\nj".utf8) + [0xFC, 0x3A, 0x78], now: now)
        }
        #expect(error?.description == "line 2 is not UTF-8: convert the file, for example with iconv(1)")
    }

    @Test func htpasswdLines() throws {
        let file = try read("anna:$2y$10$x\n# comment\nbert:{SHA}y:from the old server\nnobody\ncarl:\n")
        #expect(file.records.map(\.name) == ["anna", "bert"])
        #expect(file.records.map(\.passwordHash) == ["$2y$10$x", "{SHA}y"])
        #expect(file.records.map(\.line) == [1, 3])
        #expect(file.problems.map(\.line) == [4, 5])
        #expect(file.problems[0].sentence == "there is no colon: a line is NAME:HASH; mend it or leave it out")
    }

    @Test func shadowLines() throws {
        let file = try read(
            """
            root:*:19000:0:99999:7:::
            daemon:!!:19000:0:99999:7:::
            anna:$y$j9T$salt$digest:19000:0:99999:7:::
            bert:!$6$salt$digest:19000:0:99999:7:::
            carl:$6$salt$digest:0:0:99999:7::30000:
            dora:$6$salt$digest:19000:0:99999:7::10000:
            eve::19000:0:99999:7:::
            short:$6$salt$digest:1
            """
        )
        #expect(file.records.map(\.name) == ["anna", "bert", "carl", "dora"])
        #expect(file.records.map(\.isDisabled) == [false, true, false, true])
        #expect(file.records[0].passwordHash == "$y$j9T$salt$digest")
        #expect(file.records[1].passwordHash == "$6$salt$digest")
        #expect(file.records[0].passwordChangedAt == Timestamp(seconds: 19_000 * 86_400))
        #expect(file.problems.map(\.line) == [7, 8])
        #expect(file.problems[0].sentence.contains("“eve” logs in without a password"))
        #expect(file.problems[1].sentence.contains("has 3 fields, and shadow(5) has 9"))
        let notes = file.notes.map { "\($0.line) \($0.sentence)" }
        #expect(
            notes == [
                "1 “root” has no password and is left out", "2 “daemon” has no password and is left out",
                "4 “bert” is locked and will be disabled here",
                "5 “carl” must change the password at the next login there, but not here",
                "5 “carl” has a day of expiry, which accounts here have not: disable it then",
                "6 “dora” has expired and will be disabled here",
            ]
        )
    }

    @Test func csvFieldsAndQuotes() throws {
        let file = try read(
            "name,groups,last_name,disabled,password_hash,created_at,id\r\n"
                + "anna,a; b ;,\"Groß, \"\"von\"\"\",TRUE,,1700000000,0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11\r\n"
                + "\r\n\"be\nrt\",,,,$2y$10$x,,\r\ncarl,,,perhaps,,,\ndora,,,,,,no\nemil,,,,,soon,\nshort,\n"
        )
        #expect(file.records.map(\.line) == [2, 4])
        #expect(file.records[0].groups == ["a", "b"])
        #expect(file.records[0].lastName == "Groß, \"von\"")
        #expect(file.records[0].isDisabled)
        #expect(file.records[0].passwordHash == nil)
        #expect(file.records[0].createdAt == Timestamp(seconds: 1_700_000_000))
        #expect(file.records[0].id?.uuidString.lowercased() == "0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11")
        #expect(file.records[1].name == "be\nrt")
        #expect(file.problems.map(\.line) == [6, 7, 8, 9])
        let sentences = [
            "disabled is neither true nor false", "id is no UUID", "created_at is no number", "it has 2 fields",
        ]
        for (problem, sentence) in zip(file.problems, sentences) { #expect(problem.sentence.hasPrefix(sentence)) }
    }

    @Test(arguments: [
        ("name,pasword_hash\n", "names a column “pasword_hash”, which is not known: the columns are: name, first_name"),
        ("name,password\n", "passwords come as hashes, in a column password_hash"),
        ("email,groups\n", "does not name a column “name”"), ("name,name\n", "names the column “name” twice"),
        ("name,email\nanna,\"a@b\n", "line 2 opens a quotation mark that is never closed"),
        ("name,email\nanna,a\"b\n", "line 2 has a quotation mark in the middle"),
        ("name,email\nanna,\"a\"b\n", "line 2 has a quotation mark in the middle"),
    ])
    func wholeFilesThatAreRefused(_ text: String, _ sentence: String) throws {
        let error = #expect(throws: AccountError.self) { try read(text, .csv) }
        #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
    }

    @Test func tooManyAreRefused() throws {
        let text = String(repeating: "a:b\n", count: AccountFile.limit + 1)
        let error = #expect(throws: AccountError.self) { try read(text) }
        #expect(error?.description.contains("split it") == true)
    }

    @Test func aPlanNamesEveryLineAndKeepsAllOrNothing() async throws {
        let fixture = try LocalFixture()
        let taken = try await fixture.service.add(NewAccount(name: "Anna"), password: nil)
        let file = try read(
            """
            name,email,password_hash,id
            anna,,,
            bert,nowhere,,
            a:b,,,
            carl,,geheim,
            dora,d@corp.example,{SHA}kGByAB793z4R5tK1eC9Hd/4Dhzk=,
            DORA,,,
            emil,,,\(taken.stableID)

            """
        )
        let plan = try await fixture.service.plan(file, groups: ["staff"])
        #expect(plan.accounts.map(\.name) == ["dora"])
        #expect(plan.accounts[0].groups == ["staff"])
        #expect(plan.problems.map(\.line) == [2, 3, 4, 5, 7, 8])
        let parts = [
            "there is an account with the name “anna” already", "e-mail address “nowhere”",
            "account name contains a colon",
            "the hash is none that is known here", "line 6 has the name “DORA” already", "that id",
        ]
        for (problem, part) in zip(plan.problems, parts) { #expect(problem.sentence.contains(part), "\(problem)") }
        try await fixture.service.carryOut(plan)
        #expect(await fixture.login("dora", "geheim").identity?.groups == ["staff"])

        // Somebody else was quicker: nothing of the second plan is kept.
        let next = try await fixture.service.plan(
            read("x:{SHA}kGByAB793z4R5tK1eC9Hd/4Dhzk=\ny:{SHA}kGByAB793z4R5tK1eC9Hd/4Dhzk=\n")
        )
        #expect(next.problems.isEmpty)
        _ = try await fixture.service.add(NewAccount(name: "Y"), password: nil)
        let error = await #expect(throws: AccountError.self) { try await fixture.service.carryOut(next) }
        #expect(error?.code == .conflict)
        #expect(try await fixture.service.list().map(\.name) == ["Anna", "dora", "Y"])
    }
}
