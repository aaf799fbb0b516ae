import TestSupport
import Testing

/// `ldapauthd check` and `login`: the sentences that an administrator reads.
@Suite struct DoctorTests {
    /// A change of the configuration, and what `check` says of it.
    struct Fault: Sendable {
        var name: String
        var change: @Sendable (String, Slapd) -> String
        var cause: String
        var remedy: String
        var exit: Int32 = 69
    }

    static let faults = [
        Fault(
            name: "the name is in no DNS",
            change: { text, slapd in
                text.replacing(slapd.url, with: "ldap://no-such-host.invalid:389\"]\nallow_cleartext = true #")
            },
            cause: "cannot be resolved",
            remedy: "→ check the host's name in urls, and this machine's DNS"
        ),
        Fault(
            name: "nobody listens",
            change: { text, slapd in text.replacing(slapd.url, with: "ldap://127.0.0.1:1") },
            cause: "cannot connect: 127.0.0.1:1: Connection refused",
            remedy: "→ check the host and port in urls, that the server runs, and firewalls on the way"
        ),
        Fault(
            name: "no TLS there",
            change: { text, slapd in text.replacing(slapd.url, with: slapd.url.replacing("ldap://", with: "ldaps://"))
            },
            cause: "✗ TLS",
            remedy: "→ check ca_file, that the certificate is valid and made out to the name in urls, and min_tls"
        ),
        Fault(
            name: "the service account is refused",
            change: { text, slapd in text.replacing("cn=service,", with: "cn=nobody,") },
            cause: "49 (Invalid credentials)",
            remedy: "→ check bind_dn and bind_password_file"
        ),
        Fault(
            name: "a base that is not there",
            change: { text, _ in text.replacing("ou=people,", with: "ou=persons,") },
            cause: "✗ user base",
            remedy: "→ check the spelling of user_base, and the service account's right to read it"
        ),
        Fault(
            name: "another kind of server",
            change: { text, _ in text.replacing("kind = \"openldap\"", with: "kind = \"freeipa\"") },
            cause: "! root DSE",
            remedy: "→ the server looks like kind = \"openldap\", not “freeipa”"
        ),
        Fault(
            name: "a group base that is not there",
            change: { text, _ in text.replacing("base = \"ou=groups,", with: "base = \"ou=teams,") },
            cause: "✗ groups base",
            remedy: "→ check the spelling of groups.base, and the service account's right to read it"
        ),
        Fault(
            name: "a filter that nobody matches",
            change: { text, _ in
                text.replacing(
                    "domains = [",
                    with: "user_filter = \"(&(uid={username})(objectClass=device))\"\ndomains = ["
                )
            },
            cause: "! sample user",
            remedy: "→ check user_filter and user_scope, and what the service account may see",
            exit: 0
        ),
        Fault(
            name: "an id nobody has",
            change: { text, _ in
                text.replacing(
                    "[directory.groups]",
                    with: "[directory.attributes]\nid = \"employeeNumber\"\n[directory.groups]"
                )
            },
            cause: "has no attribute employeeNumber",
            remedy: "→ check [directory.attributes] and the service account's right to read that attribute"
        ),
    ]

    @Test func everyFaultHasItsSentenceAndItsRemedy() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        let original = text(ofFile: daemon.configurationFile)
        for fault in Self.faults {
            try daemon.rewrite { _ in fault.change(original, setting.slapd) }
            let seen = try await daemon.command(["check"])
            let why: Comment = "\(fault.name):\n\(seen.output)\(seen.errorOutput)"
            #expect(seen.output.contains(fault.cause), why)
            #expect(seen.output.contains(fault.remedy), why)
            if fault.name != "another kind of server" { #expect(seen.exit == .code(fault.exit), why) }
            // No failure without a remedy.
            let lines = seen.output.split(separator: "\n")
            for (index, line) in lines.enumerated() where line.hasPrefix("  ✗") || line.hasPrefix("  !") {
                let next = lines.dropFirst(index + 1).first { !$0.hasPrefix("        ") } ?? ""
                #expect(next.hasPrefix("      →"), why)
            }
        }
        await setting.stop()
    }

    @Test func certificatesOfBothSidesAreLookedAt() async throws {
        let authority = try await CertificateAuthority.make()
        let soon = try await authority.issue(.endsIn(days: 10))
        let over = try await authority.issue(.expired)
        let stranger = try await CertificateAuthority.make("Other CA")
        let setting = try await Setting.make(
            {
                $0.ldaps = true
                $0.tls = .init(certificate: soon, clientCAFile: authority.certificateFile)
            },
            http: "[http.tls]\ncertificate_file = \"\(soon.certificateFile)\"\nkey_file = \"\(soon.keyFile)\"",
            directory: "ca_file = \"\(authority.certificateFile)\""
        )
        let daemon = setting.daemon
        try daemon.rewrite { $0.replacing(setting.slapd.url, with: "ldaps://127.0.0.1:\(setting.slapd.ldapsPort)") }
        let seen = try await daemon.command(["check"])
        #expect(seen.exit == .code(0), "\(seen.output)\(seen.errorOutput)")
        #expect(seen.output.contains("! certificate") && seen.output.contains(" UTC, 10 days more"), "\(seen.output)")
        #expect(seen.output.contains("→ renew it; the daemon takes the new files by itself"))
        #expect(
            seen.output.contains("; the certificate ends on ") && seen.output.contains(", in 10 days"),
            "\(seen.output)"
        )
        #expect(seen.output.contains("certificate 1: "), "the chain is printed")
        #expect(seen.output.contains("→ renew it on the directory server before that day"))

        try daemon.rewrite {
            $0.replacing(soon.certificateFile, with: over.certificateFile).replacing(soon.keyFile, with: over.keyFile)
        }
        let expired = try await daemon.command(["check"])
        #expect(expired.exit == .code(69))
        #expect(
            expired.output.contains("was valid until 2025-01-02 03:04:05 UTC: clients refuse it"),
            "\(expired.output)"
        )

        try daemon.rewrite { $0.replacing(authority.certificateFile, with: stranger.certificateFile) }
        let unknown = try await daemon.command(["check"])
        #expect(unknown.output.contains("which is not in \(stranger.certificateFile)"), "\(unknown.output)")
        await setting.stop()
    }

    @Test func aPortThatIsTakenIsNamedUnlessItIsTheDaemon() async throws {
        let daemon = try Daemon("[[client]]\nid = \"login\"\ngrants = [\"password\"]")
        let other = try ChildProcess.start("python3", ["-m", "http.server", "\(daemon.port)", "--bind", "127.0.0.1"])
        let listens = await eventually { (try? await Curl.send(["http://127.0.0.1:\(daemon.port)/"]))?.status == 200 }
        #expect(listens)
        let taken = try await daemon.command(["check"])
        #expect(taken.exit == .code(69))
        #expect(
            taken.output.contains("✗ listener       python3 (process \(other.pid)) has 127.0.0.1:\(daemon.port)"),
            "\(taken.output)"
        )
        #expect(taken.output.contains("→ stop that one, or choose another address in [http]"))
        let served = try await daemon.command(["serve"])
        #expect(served.exit == .code(69))
        #expect(served.errorOutput.contains("Address already in use; another program has it"), "\(served.errorOutput)")
        await other.stop()
        try await daemon.start()
        let running = try await daemon.command(["check"])
        #expect(running.exit == .code(0), "\(running.output)\(running.errorOutput)")
        #expect(running.output.contains("127.0.0.1:\(daemon.port): the running daemon (process \(daemon.pid)) has it"))
        await daemon.stop()
    }

    @Test func whatTheMachineLacksIsSaid() async throws {
        let daemon = try Daemon(
            "[[client]]\nid = \"login\"\nsecret_file = \"s\"\ngrants = [\"password\"]",
            secrets: ["s": "x"]
        )
        _ = try await ChildProcess.run("chmod", ["644", daemon.home.path(of: "s")])
        _ = try await ChildProcess.run("chmod", ["666", daemon.configurationFile])
        try daemon.rewrite {
            $0.replacing("\"127.0.0.1:\(daemon.port)\"]", with: "\"unix:/nonexistent/http.sock\", \"192.0.2.1:8480\"]")
        }
        _ = try await ChildProcess.run("chmod", ["666", daemon.configurationFile])
        try daemon.rewrite { $0.replacing("[storage]", with: "allow_cleartext = true\n[storage]") }
        _ = try await ChildProcess.run("chmod", ["666", daemon.configurationFile])
        let seen = try await daemon.command(["check"])
        for line in [
            "unix:/nonexistent/http.sock: the folder /nonexistent does not exist",
            "→ make it, owned by the service's user",
            "no network interface of this machine has the address of 192.0.2.1:8480", "everybody may read ",
            "→ chmod 0640 \(daemon.home.path(of: "s"))", "others than its owner may write \(daemon.configurationFile)",
        ] {
            #expect(seen.output.contains(line), "\(line)\n\(seen.output)\(seen.errorOutput)")
        }
        let served = try await daemon.command(["serve"])
        #expect(served.errorOutput.contains("make the folder it shall lie in"), "\(served.errorOutput)")
    }

    @Test func aStoreThatTheServiceCannotWriteIsTold() async throws {
        let daemon = try Daemon("[[client]]\nid = \"login\"\ngrants = [\"password\"]")
        let added = try await daemon.command(["user", "add", "lisa", "--password-file", "-"], input: "lisa-pw\n")
        #expect(added.succeeded, "\(added.errorOutput)")
        let store = daemon.home.path(of: "store.db")
        // The owner of the store is whoever runs the service.
        _ = try await ChildProcess.run("chown", ["nobody", daemon.home.path, store])
        _ = try await ChildProcess.run("chmod", ["0400", store])
        let seen = try await daemon.command(["check"])
        #expect(seen.exit == .code(69), "\(seen.output)\(seen.errorOutput)")
        #expect(
            seen.output.contains(" cannot write \(store): Permission denied"),
            "\(seen.output)"
        )
        #expect(seen.output.contains("→ chown ldapauthd \(store)"), "\(seen.output)")
    }

    @Test func theThrottleAndTheGroupsAreCompared() async throws {
        let setting = try await Setting.make(
            { $0.passwordPolicy = ["pwdLockout": "TRUE", "pwdMaxFailure": "4"] },
            sections: "max_groups = 1"
        )
        let seen = try await setting.daemon.command(["check", "--user", "alice"])
        #expect(seen.exit == .code(0), "\(seen.output)\(seen.errorOutput)")
        #expect(
            seen.output.contains(
                "locks an account after 4 wrong passwords, and throttle.account_failures lets 5 through"
            )
        )
        #expect(seen.output.contains("→ set throttle.account_failures to 3 or less"), "\(seen.output)")
        #expect(seen.output.contains("client “web”: more groups than max_groups = 1"), "\(seen.output)")
        #expect(seen.output.contains("→ narrow group_filter of that client, or lower max_groups"))
        #expect(seen.output.contains("client “login”: "))
        await setting.stop()
    }

    @Test func aLoginIsExplainedStepByStep() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        let alice = try #require(setting.sample.person("alice"))
        func login(_ name: String, _ password: String, _ options: String...) async throws -> ChildProcess.Outcome {
            try await daemon.command(["login", name, "--password-file", "-"] + options, input: password)
        }
        let right = try await login("alice", alice.password)
        #expect(right.exit == .code(0), "\(right.output)\(right.errorOutput)")
        for line in [
            "directory 1 “corp”", "✓ search         found uid=alice,", "✓ bind ", "✓ groups ", "✓ “alice” is let in.",
        ] {
            #expect(right.output.contains(line), "\(line)\n\(right.output)")
        }
        #expect(right.output.contains(" ms)"))

        let wrong = try await login("alice", "no")
        #expect(wrong.exit == .code(1))
        #expect(wrong.output.contains("✓ search         one entry matches the name"), "\(wrong.output)")
        #expect(wrong.output.contains("✗ bind "), "\(wrong.output)")
        #expect(wrong.output.contains("the password is wrong (wrong-password)"))
        #expect(wrong.output.contains("→ if it is right, the account may be locked: OpenLDAP says no more than this"))
        #expect(!wrong.output.contains(alice.password))

        let nobody = try await login("lisa", "no")
        #expect(
            nobody.output.contains("✗ search         nobody of that name was found (unknown-user)"),
            "\(nobody.output)"
        )
        #expect(
            nobody.output.contains("\nlocal accounts\n  ✗ account        nobody of that name was found"),
            "\(nobody.output)"
        )

        let json = try await login("alice", "no", "--json")
        #expect(json.exit == .code(1))
        #expect(json.output.hasPrefix("{\"outcome\":\"rejected\",\"reason\":\"wrong-password\""), "\(json.output)")
        #expect(
            json.output.contains(
                "\"sections\":[{\"name\":\"directory 1 “corp”\",\"steps\":[{\"name\":\"search\",\"verdict\":\"ok\""
            )
        )

        // A local account behind a directory that is down.
        #expect(try await daemon.command(["user", "add", "lisa", "--password-file", "-"], input: "pw").succeeded)
        await setting.slapd.stop()
        let down = try await login("alice", alice.password)
        #expect(down.exit == .code(69))
        for line in [
            "✗ connect        \(setting.slapd.url): ", "Connection refused",
            "→ check the host and port in urls, that the server runs, and firewalls on the way",
            "✗ Nobody could say: “corp” did not answer.", "local: unknown-user",
        ] {
            #expect(down.output.contains(line), "\(line)\n\(down.output)")
        }
        #expect(!down.output.contains("0: unknown-user"))
        let local = try await login("lisa", "pw")
        #expect(local.exit == .code(0))
        #expect(local.output.contains("✗ connect"), "\(local.output)")
        #expect(local.output.contains("✓ account        the password of “lisa” is right"), "\(local.output)")
        await setting.stop()
    }

    @Test func theConfigurationIsRefusedBeforeAnythingIsOpened() async throws {
        let client = "[[client]]\nid = \"login\"\ngrants = [\"password\"]"
        let twice = try Daemon(client)
        try twice.rewrite { $0.replacing("127.0.0.1:\(twice.adminPort)", with: "127.0.0.1:\(twice.port)") }
        let same = try await twice.command(["config", "print"])
        #expect(same.exit == .code(78))
        #expect(
            same.errorOutput.contains(
                "http.admin_listen: “127.0.0.1:\(twice.port)” is in http.listen already: give each an address of its own"
            ),
            "\(same.errorOutput)"
        )
        let pem = try Daemon(
            client + "\n[[client]]\nid = \"web\"\nsecret_hash_file = \"h\"\ngrants = [\"password\"]",
            http: "[http.tls]\ncertificate_file = \"c.pem\"\nkey_file = \"k.pem\"",
            secrets: ["c.pem": "nothing", "k.pem": "nothing", "h": "no hash"]
        )
        let bad = try await pem.command(["serve"])
        #expect(bad.exit == .code(78))
        #expect(bad.errorOutput.contains("http.tls.certificate_file: "), "\(bad.errorOutput)")
        #expect(bad.errorOutput.contains("c.pem holds no PEM certificate"))
        #expect(bad.errorOutput.contains("client[2].secret_hash_file: "), "\(bad.errorOutput)")
        #expect(bad.errorOutput.contains("h holds no hash: make one with `ldapauthd client hash-secret`"))
        #expect(try await ChildProcess.run("test", ["-e", pem.home.path(of: "store.db")]).exit == .code(1))
    }
}
