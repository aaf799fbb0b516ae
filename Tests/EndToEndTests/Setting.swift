import TestSupport

/// A directory of sample people and a daemon in front of it.
struct Setting {
    let slapd: Slapd
    let daemon: Daemon
    let sample = SampleDirectory()

    /// The people are directory 1, “corp”; the clients are “login” and “web” (secret web-secret).
    static func make(
        _ adjust: (inout Slapd.Options) -> Void = { _ in },
        order: String = "\"corp\", \"local\"",
        http: String = "",
        sections: String = "",
        directory: String = ""
    )
        async throws -> Setting
    {
        var options = Slapd.Options()
        adjust(&options)
        let slapd = try await Slapd.start(options)
        let daemon = try Daemon(
            """
            [authentication]
            order = [\(order)]
            login_client = "login"
            login_budget = "20s"
            [local]
            argon2_memory = "64KiB"
            argon2_iterations = 1
            \(people(of: slapd, "domains = [\"CORP\", \"corp.example\"]", timeouts, directory))
            \(clients())
            \(sections)
            """,
            http: http,
            secrets: ["service.secret": slapd.servicePassword, "web.secret": "web-secret\n"]
        )
        return Setting(slapd: slapd, daemon: daemon)
    }

    /// The sample people of a slapd as directory 1, “corp”.
    static func people(of slapd: Slapd, _ settings: String...) -> String {
        corp("openldap", at: slapd.url, as: slapd.serviceDN, settings)
    }

    /// The sample people of a 389 server as directory 1, “corp”.
    static func people(of server: DirectoryServer389, _ settings: String...) -> String {
        corp("389ds", at: server.url, as: server.serviceDN, settings)
    }

    /// A domain of Samba's as directory 1, “corp”.
    static func people(of samba: SambaServer, in base: String, _ settings: String...) -> String {
        corp(
            "active-directory",
            at: samba.ldapsURL,
            as: samba.serviceDN,
            users: base,
            groups: samba.groupsBase,
            ["ca_file = \"\(samba.caFile)\""] + settings
        )
    }

    private static func corp(
        _ kind: String,
        at url: String,
        as serviceDN: String,
        users: String = "ou=people,dc=example,dc=org",
        groups: String = "ou=groups,dc=example,dc=org",
        _ settings: [String]
    ) -> String {
        """
        [[directory]]
        id = 1
        name = "corp"
        kind = "\(kind)"
        urls = ["\(url)"]
        bind_dn = "\(serviceDN)"
        bind_password_file = "service.secret"
        user_base = "\(users)"
        \(settings.joined(separator: "\n"))
        [directory.groups]
        base = "\(groups)"
        """
    }

    /// A busy machine is no outage; a server that has stopped refuses at once anyway.
    static let timeouts = "connect_timeout = \"5s\"\noperation_timeout = \"10s\""

    /// “login”, and “web”, whose secret lies in web.secret.
    static func clients(
        grants: String = "\"password\", \"refresh_token\", \"client_credentials\"",
        scopes: String = "\"read\", \"write\""
    ) -> String {
        """
        [[client]]
        id = "login"
        grants = ["password"]
        scopes = ["api"]
        [[client]]
        id = "web"
        secret_file = "web.secret"
        grants = [\(grants)]
        scopes = [\(scopes)]
        default_scopes = ["read"]
        """
    }

    func stop() async {
        await daemon.stop()
        await slapd.stop()
    }
}
