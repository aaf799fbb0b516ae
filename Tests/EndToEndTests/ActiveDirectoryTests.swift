import TestSupport
import Testing

/// The program in front of an Active Directory, configured with nothing but what an administrator must say.
@Suite struct ActiveDirectoryTests {
    /// - Parameter directory: further lines of its section.
    static func daemon(_ samba: SambaServer, directory: String = "") throws -> Daemon {
        try Daemon(
            """
            [authentication]
            order = ["corp", "local"]
            login_client = "login"
            default_directory = 1
            [local]
            argon2_memory = "64KiB"
            argon2_iterations = 1
            \(Setting.people(of: samba, in: samba.suffix, directory))
            \(Setting.clients(grants: "\"password\", \"refresh_token\"", scopes: "\"read\""))
            """,
            secrets: ["service.secret": samba.servicePassword, "web.secret": "web-secret\n"]
        )
    }

    @Test func statesReachTheCallerOnlyWithTheRightPassword() async throws {
        let samba = try await SambaServer.shared()
        let daemon = try Self.daemon(samba)
        try await daemon.start()
        // An arrangement, and what somebody with the right password hears.
        let states: [(name: String, told: String, arrange: (String) async throws -> Void)] = [
            ("e-disabled", "Account disabled", { try await samba.disable($0) }),
            ("e-must-change", "Password must be changed", { try await samba.requirePasswordChange($0) }),
            ("e-expired", "Password expired", { try await samba.expirePassword($0) }),
            ("e-over", "Account expired", { try await samba.expireAccount($0) }),
            ("e-hours", "Logon hours restriction", { try await samba.forbidAllHours($0) }),
            ("e-workstation", "Workstation restriction", { try await samba.allowOnly(workstation: "ELSEWHERE", $0) }),
            ("e-locked", "Invalid user credentials", { try await samba.lock($0) }),
        ]
        for (name, told, arrange) in states {
            try await samba.addUser(name, password: "right-secret")
            let before = try await daemon.token([
                "grant_type": "password", "username": name, "password": "right-secret",
            ])
            #expect(before.status == 200, "\(name): \(before.body)")
            try await arrange(name)
            for password in ["wrong", "right-secret"] {
                let answer = try await daemon.login(name, password)
                #expect(answer.status == 400)
                let wanted = password == "wrong" ? "Invalid user credentials" : told
                #expect(answer.text("error_description") == wanted, "\(name): \(answer.body)")
            }
            let refresh = try await daemon.token([
                "grant_type": "refresh_token", "refresh_token": before.text("refresh_token") ?? "",
            ])
            let goesOn = name == "e-hours" || name == "e-workstation"
            #expect(refresh.status == (goesOn ? 200 : 400), "\(name): \(refresh.body)")
            if !goesOn { #expect(refresh.text("error_description") == "User disabled", "\(name): \(refresh.body)") }
        }
        // The audit log knows what the caller was not told.
        #expect(await daemon.logged().contains("reason=locked"), "no lock in the audit log")
        #expect(daemon.log.contains("data 775"))
        #expect(!daemon.log.contains("right-secret"))
        await daemon.stop()
    }

    @Test func namesGroupsAndCheckWork() async throws {
        let samba = try await SambaServer.shared()
        let daemon = try Self.daemon(samba)
        try await samba.addUser(
            "e-jürgen",
            password: "pässwörd",
            attributes: ["givenName": "Jürgen", "sn": "Müller", "mail": "jm@mail.example"]
        )
        try await samba.addGroup("e-inner", users: ["e-jürgen"])
        try await samba.addGroup("e-outer", groups: ["e-inner"])
        try await daemon.start()
        let answer = try await daemon.login("E-JÜRGEN", "pässwörd")
        #expect(answer.text("firstName") == "Jürgen" && answer.text("lastName") == "Müller", "\(answer.body)")
        let login = try await daemon.command(["login", "e-jürgen", "--password-file", "-"], input: "pässwörd\n")
        #expect(login.succeeded && login.output.contains("e-inner, e-outer"), "\(login.output)\(login.errorOutput)")
        let check = try await daemon.command(
            ["check", "--user", "e-jürgen", "--password-file", "-"],
            input: "pässwörd\n"
        )
        #expect(check.succeeded && check.output.contains("Active Directory"), "\(check.output)")
        await daemon.stop()
    }

    /// The setting reaches the directory: each mode sees what it can see, and says so.
    @Test func groupsComeByTheConfiguredMode() async throws {
        let samba = try await SambaServer.shared()
        let elsewhere = try await samba.addOrganizationalUnit("e-elsewhere")
        try await samba.addUser("e-member", password: "right-secret")
        let member = samba.dn(of: "e-member")
        let outside = try await samba.addGroup("e-outside", in: elsewhere, members: [member])
        try await samba.addGroup("e-above", in: samba.groupsBase, members: [outside])
        try await samba.addGroup("e-list", in: samba.groupsBase, members: [member], type: .distribution)
        let modes = [
            ("search", "e-list"), ("member-of", "e-list"), ("in-chain", "e-above, e-list"), ("token-groups", "e-above"),
            ("none", ""),
        ]
        for (mode, groups) in modes {
            let daemon = try Self.daemon(samba)
            try daemon.rewrite {
                $0.replacing("[directory.groups]\n", with: "[directory.groups]\nmode = \"\(mode)\"\n")
            }
            let login = try await daemon.command(
                ["login", "e-member", "--password-file", "-"],
                input: "right-secret\n"
            )
            #expect(login.succeeded, "\(mode): \(login.output)\(login.errorOutput)")
            #expect(login.output.contains("groups      \(groups)\n") == !groups.isEmpty, "\(mode): \(login.output)")
        }
    }
}
