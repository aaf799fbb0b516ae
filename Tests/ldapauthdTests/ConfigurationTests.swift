import Authentication
import DirectoryAuth
import LDAPClient
import Testing
import Tokens

@testable import ldapauthd

/// The smallest configuration that is accepted.
private let minimal = """
    [[client]]
    id = "login"
    grants = ["password"]
    """

/// A directory that needs no file.
private let directory = """
    [[directory]]
    id = 1
    name = "corp"
    kind = "openldap"
    urls = ["ldap://127.0.0.1:389"]
    user_base = "ou=people,dc=corp,dc=example"
    """

private func problems(_ text: String) -> [String] {
    do throws(ConfigurationError) {
        _ = try Configuration.parse(text, file: "/etc/ldapauthd/test.toml")
        return []
    } catch {
        return error.problems.map(\.description)
    }
}

@Suite struct ConfigurationTests {
    @Test func defaultsAreThoseOfTheDocumentation() throws {
        let configuration = try Configuration.parse(minimal, file: "/etc/ldapauthd/test.toml")
        #expect(configuration.http.listen == ["127.0.0.1:8480"])
        #expect(configuration.http.adminListen == ["127.0.0.1:8481"])
        #expect(configuration.http.maxBody == 65536)
        #expect(configuration.storage.url == "sqlite:/var/lib/ldapauthd/ldapauthd.db")
        #expect(configuration.tokens.accessLifetime == .seconds(300))
        #expect(configuration.authentication.order == [.local])
        #expect(configuration.authentication.fallbackToLocal == [.unknownUser, .directoryUnavailable])
        #expect(configuration.authentication.loginBudget == .seconds(10))
        #expect(configuration.local.argon2Memory == 19 << 20)
        #expect(configuration.log.level == .info)
    }

    @Test func aMisspeltKeyNamesFileLineAndTheNearestKey() {
        #expect(
            problems(minimal + "\n[http]\nlisten = [\"127.0.0.1:1\"]\nmax_boddy = \"1KiB\"\n")
                == ["/etc/ldapauthd/test.toml:6: http.max_boddy: unknown key; did you mean “max_body”?"]
        )
        #expect(
            problems(directory + "\n[directory.groups]\nmod = \"none\"\n" + minimal)
                == ["/etc/ldapauthd/test.toml:8: directory[1].groups.mod: unknown key; did you mean “mode”?"]
        )
        #expect(problems(minimal + "\n[storrage]\n").first?.contains("did you mean “storage”?") == true)
        #expect(problems(minimal + "\n[zzz]\n") == ["/etc/ldapauthd/test.toml:4: zzz: unknown key"])
    }

    @Test func everyProblemIsToldAtOnce() {
        let found = problems(
            """
            [http]
            listen = "127.0.0.1:8480"
            request_timeout = "5 s"
            [tokens]
            algorithm = "HS256"
            issuer = "example.org"
            """
        )
        #expect(found.count == 3, "\(found)")
        #expect(found.contains { $0.contains(":2: http.listen: must be a list") })
        #expect(found.contains { $0.contains(":3: http.request_timeout: “5 s” is no duration") })
        #expect(found.contains { $0.contains(":5: tokens.algorithm: “HS256” is none of “ES256”, “RS256”, “EdDSA”") })
    }

    @Test func aSyntaxErrorNamesTheLine() {
        #expect(problems("[http]\nlisten = [").first?.hasPrefix("/etc/ldapauthd/test.toml:2") == true)
    }

    @Test(arguments: [
        (directory + "\n" + directory, "directory[2].id: 1 is already id of directory[1]"),
        ("[authentication]\norder = [\"corp\"]", "“corp” is the name of no [[directory]]"),
        ("[authentication]\norder = []", "authentication.order: is empty"),
        ("[authentication]\ndefault_directory = 3", "3 is the id of no [[directory]]"),
        ("[authentication]\ndefault_client = \"x\"", "authentication.default_client: “x” is the id of no [[client]]"),
        ("[authentication]\nfallback_to_local = [\"always\"]", "“always” is neither"),
        ("[http]\nlisten = [\"0.0.0.0:80\"]", "would take passwords in clear text"),
        ("[http]\nlisten = [\"here\"]", "\"here\" is not \"host:port\""),
        ("[http]\nbase_path = \"api/\"", "must begin with a slash"),
        ("[http]\nbase_path = \"/api\"", "tokens.issuer: “http://127.0.0.1:8480” must end with http.base_path"),
        ("[tokens]\naccess_lifetime = \"2h\"", "tokens.access_lifetime: must not be longer than refresh_idle"),
        ("[storage]\nurl = \"postgresql://h/d\"", "tokens.master_key_file: must be set with PostgreSQL"),
        (
            "[storage]\nurl = \"postgresql://u:secret@h/d\"\n[tokens]\nmaster_key_file = \"m\"",
            "storage.url: holds a password"
        ),
        (
            "[storage]\nurl = \"postgresql://h/d?password=secret\"\n[tokens]\nmaster_key_file = \"m\"",
            "storage.url: holds a password"
        ),
        (
            "[storage]\nurl = \"postgresql://h/d?sslmod=x\"\n[tokens]\nmaster_key_file = \"m\"",
            "storage.url: the PostgreSQL URL cannot be read"
        ),
        ("[storage]\npassword_file = \"p\"", "storage.password_file: is for PostgreSQL"),
        (
            "[storage]\nurl = \"postgresql://h/d\"\npassword_file = \"/no/such\"\n[tokens]\nmaster_key_file = \"m\"",
            "storage.password_file: /no/such does not exist"
        ),
        ("[storage]\nurl = \"mysql://h/d\"", "or postgresql://user@host/database"),
        ("[throttle]\naccount_failures = -1", "throttle.account_failures: -1 is out of range: 0 to 1000"),
        (
            "[throttle]\nlockout = \"2h\"",
            "throttle.lockout_max: 15m is shorter than the first wait, lockout, which is 2h"
        ),
        ("[throttle]\naccount_window = \"1ms\"", "throttle.account_window: 1ms protects from nothing"),
        ("[throttle]\naddress_failures = 3", "throttle.address_failures: 3 is less than account_failures (5)"),
        ("[throttle]\naddress_exempt = [\"ten\"]", "throttle.address_exempt: “ten” is neither an address nor a CIDR"),
        ("[throttle]\naccount_failure = 5", "throttle.account_failure: unknown key; did you mean “account_failures”?"),
        ("[kerberos]\nkeytab_file = \"/x\"", "kerberos.keytab_file: /x cannot be read"),
        ("[kerberos]\nservice = \"HTTP/www\"", "kerberos.service: “HTTP/www” is no name of a service"),
        ("[kerberos]\nchannel_binding = \"maybe\"", "kerberos.channel_binding: “maybe” is none of “none”"),
        ("[kerberos]\nchannel_binding = \"require\"", "kerberos.channel_binding: “require” binds tickets"),
        ("[[client]]\nid = \"x\"\ngrants = [\"client_credentials\"]", "“client_credentials” needs secret_hash_file"),
        (
            "[[client]]\nid = \"x\"\ngrants = [\"refresh_token\"]\nrefresh_idle = \"1m\"",
            "refresh_idle: the access lifetime of 5m"
        ),
        ("[[client]]\nid = \"x\"\ngrants = [\"password\"]\neditor_groups = [\"zz:e\"]", "“zz” is the name of no"),
        ("[tokens]\nissuer = \"http://h?x\"", "without a query"),
        ("[[client]]\nid = \"x\"\ngrants = [\"implicit\"]", "“implicit” is none of “password”"),
        ("[[client]]\nid = \"x\"\ngrants = [\"password\"]\nsecret_file = \"/nonexistent\"", "does not exist"),
        ("[[client]]\nid = \"x\"\ngrants = [\"password\"]\ndefault_scopes = [\"a\"]", "not among scopes: a"),
    ])
    func refuses(text: String, sentence: String) {
        let found = problems(text + "\n" + minimal)
        #expect(found.contains { $0.contains(sentence) }, "\(found)")
    }

    @Test(arguments: [
        ("urls = [\"ldap://ldap.example\"]", "would send passwords in clear text"),
        ("urls = [\"http://ldap.example\"]", "directory[1].urls"),
        ("urls = [\"srv:\"]", "after “srv:” stands the domain"),
        ("urls = [\"srv:corp.example:389\"]", "“srv:corp.example:389”: after “srv:” stands the domain"),
        ("urls = [\"srv://corp.example\"]", "after “srv:” stands the domain"),
        ("urls = [\"srv:192.0.2.1\"]", "after “srv:” stands the domain"),
        ("urls = [\"srv:corp example\"]", "after “srv:” stands the domain"),
        ("urls = [\"ldaps://h\"]\nfollow_referrals = true", "follow_referrals: is not available in this version"),
        ("urls = [\"ldaps://h\"]\nstart_tls = true", "StartTLS is for ldap:// only"),
        ("urls = [\"ldaps://h\"]\nbind_dn = \"cn=a\"", "needs bind_password_file beside it"),
        ("urls = [\"ldaps://h\"]\nnext_bind_dn = \"cn=a\"", "next_bind_dn: needs bind_dn"),
        ("urls = [\"ldaps://h\"]\ndomains = [\"\"]", "holds an empty name"),
        ("urls = [\"ldaps://h\"]\noffline_cache = \"31d\"", "offline_cache: 31d is out of range: 0s to 30d"),
        ("urls = [\"ldaps://h\"]\nca_file = \"/nonexistent\"", "/nonexistent cannot be read: No such file"),
        (
            "urls = [\"ldaps://h\"]\nuser_base = \"people\"\n[directory.groups]\nmode = \"none\"",
            "directory[1].user_base"
        ),
        (
            "urls = [\"ldaps://h\"]\n[directory.groups]\nbase = \"dc=x\"\nmode = \"in-chain\"",
            "groups.mode: “in-chain” needs the matching rule of Active Directory, which kind = \"generic\" does not have"
        ),
        ("urls = [\"ldaps://h\"]\n[directory.groups]\nmatch = [\"member\"]", "must be user attribute:group attribute"),
    ])
    func refusesInADirectory(lines: String, sentence: String) {
        let base = lines.contains("user_base") ? "" : "user_base = \"dc=example\"\n"
        let found = problems("[[directory]]\nid = 1\nname = \"corp\"\nkind = \"generic\"\n\(base)\(lines)\n\(minimal)")
        #expect(found.contains { $0.contains(sentence) }, "\(found)")
    }

    /// Id, name, kind, urls, ca_file, the account, user_base and groups.base: nothing else need be said for any kind.
    @Test(arguments: ["openldap", "active-directory", "389ds", "freeipa", "generic"])
    func everyKindNeedsNothingElse(kind: String) {
        let found = problems(
            """
            [[directory]]
            id = 1
            name = "corp"
            kind = "\(kind)"
            urls = ["ldaps://dc1.corp.example", "ldaps://dc2.corp.example"]
            ca_file = "/etc/hostname"
            bind_dn = "cn=svc-auth,dc=corp,dc=example"
            bind_password_file = "/etc/hostname"
            user_base = "dc=corp,dc=example"
            [directory.groups]
            base = "ou=groups,dc=corp,dc=example"
            \(minimal)
            """
        )
        #expect(found.isEmpty, "\(found)")
    }

    @Test func everyLoopbackIsExemptFromTheCleartextRule() {
        for host in ["127.0.0.1", "127.9.9.9", "[::1]", "localhost"] {
            #expect(problems("[http]\nlisten = [\"\(host):8480\"]\n" + minimal).isEmpty)
        }
        for host in ["0.0.0.0", "[::]", "192.0.2.1", "ldap.example", "127.0.0.1.example"] {
            #expect(!problems("[http]\nlisten = [\"\(host):8480\"]\n" + minimal).isEmpty)
        }
        #expect(problems("[http]\nlisten = [\"0.0.0.0:8480\"]\nallow_cleartext = true\n" + minimal).isEmpty)
    }

    @Test func theThrottleIsReadWholeAndPrintedBack() throws {
        func read(_ text: String) throws -> ThrottleSettings {
            try Configuration.parse(text + minimal, file: "/etc/ldapauthd/test.toml").throttle
        }
        #expect(try read("") == ThrottleSettings())
        let given = """
            [throttle]
            account_failures = 3
            account_window = "1h"
            lockout = "10s"
            lockout_max = "20m"
            address_failures = 7
            address_window = "2m"
            address_exempt = ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]
            repeat_memory = "5s"

            """
        let expected = ThrottleSettings(
            accountFailures: 3,
            accountWindow: .seconds(3600),
            lockout: .seconds(10),
            lockoutMax: .seconds(1200),
            addressFailures: 7,
            addressWindow: .seconds(120),
            addressExempt: ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"].compactMap { AddressRange($0) },
            repeatMemory: .seconds(5)
        )
        #expect(try read(given) == expected)
        let printed = ConfigurationText(try Configuration.parse(given + minimal, file: "/etc/ldapauthd/test.toml")).text
        let again = try Configuration.parse(printed, file: "/etc/ldapauthd/test.toml")
        #expect(again.throttle == expected)
        for key in ["account_failures = 0", "lockout = \"0s\"", "lockout_max = \"0s\"", "account_window = \"0s\""] {
            #expect(try !read("[throttle]\n\(key)\n").limitsAccounts, "\(key)")
        }
        #expect(try !read("[throttle]\naddress_window = \"0s\"\n").limitsAddresses)
    }

    @Test func theOfflineCacheIsOffUnlessGiven() throws {
        func read(_ line: String) throws -> Configuration {
            let text = directory + line + "\n[directory.groups]\nmode = \"none\"\n" + minimal
            return try Configuration.parse(text, file: "/etc/ldapauthd/test.toml")
        }
        #expect(try read("").directories.first?.offlineCache == .zero)
        let given = try read("\noffline_cache = \"8h\"")
        #expect(given.directories.first?.offlineCache == .seconds(8 * 3600))
        #expect(ConfigurationText(given).text.contains("offline_cache = \"8h\""))
    }

    @Test func switchedOffFeaturesAreAccepted() {
        #expect(
            problems("[throttle]\naccount_failures = 0\nrepeat_memory = \"0s\"\naddress_exempt = []\n" + minimal)
                .isEmpty
        )
        #expect(
            problems(
                directory + "\noffline_cache = \"0s\"\nfollow_referrals = false\n[directory.groups]\nmode = \"none\"\n"
                    + minimal
            ).isEmpty
        )
    }

    @Test func relativePathsAreRelativeToTheFile() throws {
        let text = "[storage]\nurl = \"sqlite:state/x.db\"\n" + minimal
        let configuration = try Configuration.parse(text, file: "/etc/ldapauthd/test.toml")
        #expect(configuration.storage.url == "sqlite:/etc/ldapauthd/state/x.db")
        #expect(configuration.storage.sqlitePath == "/etc/ldapauthd/state/x.db")
        #expect(configuration.masterKeyPath == "/etc/ldapauthd/state/master.key")
    }

    /// Everybody who asks where the database lies is told the same (RFC 8089 §2 has the three slashes).
    @Test(arguments: [
        ("sqlite:/srv/x.db", "/srv/x.db"), ("sqlite:///srv/x.db", "/srv/x.db"), ("sqlite::memory:", nil),
        ("postgresql://u@h/db", nil),
    ]) func oneReadingOfTheDatabasesPath(_ url: String, _ path: String?) throws {
        let key = path == nil ? "[tokens]\nmaster_key_file = \"/srv/key\"\n" : ""
        let text = "[storage]\nurl = \"\(url)\"\n" + minimal + "\n" + key
        let configuration = try Configuration.parse(text, file: "/etc/ldapauthd/test.toml")
        #expect(configuration.storage.sqlitePath == path)
        if path != nil { #expect(configuration.masterKeyPath == "/srv/master.key") }
    }
}

@Suite struct NearestKeyTests {
    @Test func hostsMayBeNamedByTheDNS() throws {
        let text = """
            [[directory]]
            id = 1
            name = "corp"
            kind = "openldap"
            urls = ["ldaps://first.example", "srv:Corp.Example", "ldaps://last.example", "srv:other.example."]
            user_base = "dc=example"
            [directory.groups]
            mode = "none"

            """
        let configuration = try Configuration.parse(text + minimal, file: "/etc/ldapauthd/test.toml")
        let directory = try #require(configuration.directories.first)
        #expect(directory.urls.map(\.description) == ["ldaps://first.example", "ldaps://last.example"])
        #expect(directory.services.map(\.position) == [1, 2])
        #expect(
            directory.places == [
                "ldaps://first.example", "srv:corp.example", "ldaps://last.example", "srv:other.example",
            ]
        )
        let settings = directory.settings
        #expect(settings.discoveries.map(\.domain) == ["corp.example", "other.example"])
        #expect(settings.discoveries.allSatisfy { !$0.allowsCleartext && $0.template.serviceIdentities.count == 1 })
        // What is printed is read the same again.
        #expect(ConfigurationText(configuration).text.contains(#"urls = ["ldaps://first.example", "srv:corp.example""#))
    }

    @Test(arguments: [
        ("listne", "listen"), ("Listen", "listen"), ("max_bdy", "max_body"), ("trusted_proxy", "trusted_proxies"),
    ])
    func findsWhatWasMeant(typed: String, meant: String) {
        #expect(NearestKey.to(typed, among: ["listen", "max_body", "trusted_proxies", "admin_listen"]) == meant)
    }

    @Test func namesNothingWhenNothingIsNear() {
        #expect(NearestKey.to("colour", among: ["listen", "max_body"]) == nil)
    }
}

@Suite struct KeyLinesTests {
    @Test func countsLinesThatEndInCarriageReturns() {
        let lines = KeyLines("a = 1\r\n[b]\r\nc = 2\r\n")
        #expect(lines.line(of: "a") == 1)
        #expect(lines.line(of: "b.c") == 3)
    }

    @Test func looksThroughListsAndMultiLineTexts() {
        let lines = KeyLines(
            """
            a = [
              "b = 1",   # ]
            ]
            c = \"\"\"
            d = 2
            \"\"\"
            e = 3
            [f]
            g = "]["
            [[h]]
            i = 4
            [[h]]
            i = 5
            [h.j]
            k = 6
            """
        )
        #expect(lines.line(of: "a") == 1)
        #expect(lines.line(of: "c") == 4)
        #expect(lines.line(of: "d") == nil)
        #expect(lines.line(of: "e") == 7)
        #expect(lines.line(of: "f.g") == 9)
        #expect(lines.line(of: "h[1].i") == 11)
        #expect(lines.line(of: "h[2].i") == 13)
        #expect(lines.line(of: "h[2].j.k") == 15)
    }
}
