import TestSupport
import Testing

/// The account that searches changes its password, or is refused, while the daemon runs.
@Suite struct RotationTests {
    static func change(_ slapd: Slapd, _ password: String) async throws {
        let ldif = "dn: \(slapd.serviceDN)\nchangetype: modify\nreplace: userPassword\nuserPassword: \(password)\n"
        try await slapd.modify(ldif)
    }

    @Test func theFileIsWatchedAndARefusalIsLoud() async throws {
        let setting = try await Setting.make()
        let (slapd, daemon) = (setting.slapd, setting.daemon)
        try await daemon.start()
        func login() async throws -> Curl.Answer { try await daemon.login("alice", "alice-secret", directory: 1) }
        #expect(try await login().status == 200)

        // A rotation in the usual order: the directory, then the file. Nobody notices.
        try await Self.change(slapd, "second-secret")
        try daemon.home.write(Array("second-secret\n".utf8), to: "service.secret")
        #expect(await eventually { daemon.log.contains("the password of a service account has changed") })
        try await slapd.restart()
        #expect(await eventually { (try? await login())?.status == 200 })
        #expect(!daemon.log.contains("the service account was refused"))

        // A wrong password in the file is told at once, and what is connected goes on.
        try daemon.home.write(Array("mistyped\n".utf8), to: "service.secret")
        #expect(await eventually { daemon.log.contains("the service account was refused") })
        let line = daemon.log.split(separator: "\n").last { $0.contains("the service account was refused") } ?? ""
        for word in ["error", "corp", slapd.serviceDN, slapd.url, "49", "bind_password_file", "next_try"] {
            #expect(line.contains(word), "\(word) is not in: \(line)")
        }
        #expect(!daemon.log.contains("mistyped"))
        #expect(try await login().status == 200)

        // After a restart of the directory nobody can be looked up: 503, and the account is not tried at each login.
        let before = slapd.bindRequests(dn: slapd.serviceDN)
        try await slapd.restart()
        for _ in 0..<20 {
            let answer = try await login()
            #expect(answer.status == 503)
            #expect(answer.body.contains("The directory is not reachable"))
        }
        #expect(slapd.bindRequests(dn: slapd.serviceDN) <= before + 2)
        #expect(slapd.bindRequests(dn: setting.sample.dn(of: "alice")) > 0)
        let ready = try await Curl.send(["\(daemon.adminURL)/readyz"])
        #expect(ready.body.contains("service-account-refused"), "\(ready.body)")
        // That is no outage of the host.
        #expect(!daemon.log.split(separator: "\n").contains { $0.contains("does not answer") && $0.contains("49") })

        // The right one is put to use without a restart, and before the next try would be due.
        try daemon.home.write(Array("second-secret".utf8), to: "service.secret")
        #expect(await eventually(within: .seconds(10)) { (try? await login())?.status == 200 })
        #expect(await daemon.logged().contains("the service account is accepted"))
        await setting.stop()
    }

    /// The account is mended at the directory, and no file changes: a reload tries it at once, not after a minute.
    @Test func aReloadTriesTheAccountAtOnce() async throws {
        let setting = try await Setting.make()
        let (slapd, daemon) = (setting.slapd, setting.daemon)
        try await Self.change(slapd, "something else")
        try await daemon.start()
        // Two tries are spent: the next would be a minute away.
        #expect(
            await eventually(within: .seconds(20)) {
                _ = try? await daemon.login("alice", "alice-secret", directory: 1)
                return slapd.bindRequests(dn: slapd.serviceDN) >= 2
            }
        )
        try await Self.change(slapd, slapd.servicePassword)
        #expect(try await daemon.login("alice", "alice-secret", directory: 1).status == 503)
        #expect(try await daemon.reload().succeeded)
        #expect(
            await eventually(within: .seconds(5)) {
                (try? await daemon.login("alice", "alice-secret", directory: 1))?.status == 200
            }
        )
        await setting.stop()
    }

    @Test func theNextAccountIsTriedWhenTheFirstIsRefused() async throws {
        let slapd = try await Slapd.start()
        let daemon = try Daemon(
            """
            [authentication]
            login_client = "login"
            \(Setting.people(of: slapd, "next_bind_dn = \"\(slapd.adminDN)\"", "next_bind_password_file = \"next.secret\""))
            [[client]]
            id = "login"
            grants = ["password"]
            scopes = ["api"]
            """,
            secrets: ["service.secret": "revoked", "next.secret": slapd.adminPassword]
        )
        try await daemon.start()
        for _ in 0..<5 { #expect(try await daemon.login("alice", "alice-secret", directory: 1).status == 200) }
        #expect(await daemon.logged().contains("the next service account is in use"))
        #expect(slapd.bindRequests(dn: slapd.serviceDN) == 1)
        let check = try await daemon.command(["check"])
        #expect(check.succeeded, "\(check.output)")
        #expect(check.output.contains("! service bind"))
        await daemon.stop()
        await slapd.stop()
    }

    @Test func waivedProtectionIsSaidAtEachStart() async throws {
        let authority = try await CertificateAuthority.make()
        var options = Slapd.Options()
        options.ldaps = true
        options.tls = .init(certificate: try await authority.issue(.expired), clientCAFile: authority.certificateFile)
        let slapd = try await Slapd.start(options)
        let daemon = try Daemon(
            """
            [[directory]]
            id = 1
            name = "corp"
            kind = "openldap"
            urls = ["\(slapd.ldapsURL)"]
            verify = "insecure-none"
            user_base = "ou=people,dc=example,dc=org"
            [directory.groups]
            mode = "none"
            [[client]]
            id = "login"
            grants = ["password"]
            scopes = ["api"]
            """
        )
        for _ in 0..<2 {
            try await daemon.start()
            #expect(try await daemon.login("alice", "alice-secret", directory: 1).status == 200)
            await daemon.stop()
        }
        let warnings = daemon.log.split(separator: "\n").filter { $0.contains("insecure-none") }
        #expect(warnings.count == 2 && warnings.allSatisfy { $0.contains("corp") && $0.contains("warning") })
        await slapd.stop()
    }
}
