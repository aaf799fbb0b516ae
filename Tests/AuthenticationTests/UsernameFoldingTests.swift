import Authentication
import Testing

@Suite struct UsernameFoldingTests {
    @Test(arguments: [
        ("Alice", "alice"),
        (" \t alice \n", "ALICE"),
        ("\u{A0}alice\u{2003}", "alice"),
        ("Müller", "mu\u{308}LLER"),
        ("Straße", "STRASSE"),
        ("STRAẞE", "strasse"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("σίσυφοσ", "σίσυφος"),
        ("ﬁona", "FIONA"),
        ("ŉ", "ʼN"),
        ("ᾳ", "ΑΙ"),
        ("ΐ", "Ϊ́"),
        ("Ǆ", "ǅ"),
        ("ſ", "S"),
        ("K", "k"),
        ("ｆｕｌｌ", "ＦＵＬＬ"),
        ("Ꭰ", "\u{AB70}"),
        ("𐐀", "𐐨"),
        ("İ", "i\u{307}"),
        ("Андрей", "АНДРЕЙ"),
    ])
    func same(_ left: String, _ right: String) {
        #expect(Array(UsernameFolding.fold(left).utf8) == Array(UsernameFolding.fold(right).utf8))
    }

    @Test(arguments: [
        ("alice", "alicе"),  // the last letter of the second is Cyrillic
        ("ı", "i"),
        ("İ", "i"),
        ("ａ", "a"),
        ("a b", "ab"),
        ("jose", "josé"),
        ("", "a"),
    ])
    func different(_ left: String, _ right: String) {
        #expect(UsernameFolding.fold(left) != UsernameFolding.fold(right))
    }

    @Test(arguments: ["Alice", "Straße", "ᾈ", "\u{1E9E}", "İ", "ΐ", "e\u{301}\u{323}", "  ", "\u{345}\u{301}"])
    func foldingTwiceChangesNothing(_ name: String) {
        let once = UsernameFolding.fold(name)
        #expect(Array(UsernameFolding.fold(once).utf8) == Array(once.utf8))
    }

    @Test(
        arguments: [
            ("alice", .plain, nil, "alice"),
            (" alice ", .plain, nil, "alice"),
            ("CORP\\alice", .downLevel, "CORP", "alice"),
            ("CORP\\alice@x", .downLevel, "CORP", "alice@x"),
            ("a\\b\\c", .downLevel, "a", "b\\c"),
            ("alice@corp.example", .principal, "corp.example", "alice"),
            ("a@b@corp.example", .principal, "corp.example", "a@b"),
            ("CORP \\ alice ", .downLevel, "CORP", "alice"),
            ("\\alice", .plain, nil, "\\alice"),
            ("alice@", .plain, nil, "alice@"),
            ("@", .plain, nil, "@"),
            ("", .plain, nil, ""),
        ] as [(String, LoginName.Form, String?, String)]
    )
    func loginNames(_ typed: String, _ form: LoginName.Form, _ domain: String?, _ user: String) {
        let name = LoginName(typed)
        #expect(name.form == form)
        #expect(name.domain == domain)
        #expect(name.user == user)
    }

    @Test func domainsAreComparedWithoutCase() {
        #expect(LoginName("corp\\alice").belongs(to: ["CORP", "corp.example"]))
        #expect(LoginName("alice@CORP.Example").belongs(to: ["CORP", "corp.example"]))
        #expect(!LoginName("alice@mail.example").belongs(to: ["CORP", "corp.example"]))
        #expect(!LoginName("alice").belongs(to: ["CORP"]))
    }

    @Test(arguments: [
        ("alice", "alice"), ("a\nb", "a\\nb"), ("a\\nb", "a\\\\nb"), ("\u{1B}[31m", "\\u{1b}[31m"),
        ("\u{202E}x", "\\u{202e}x"), ("\u{85}", "\\u{85}"), ("\u{2028}", "\\u{2028}"), ("Müller", "Müller"),
    ])
    func logText(_ text: String, _ escaped: String) {
        #expect(LogText.escaped(text) == escaped)
    }
}
