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
            [local]
            argon2_memory = "64KiB"
            argon2_iterations = 1
            [[directory]]
            id = 1
            name = "corp"
            kind = "openldap"
            urls = ["\(slapd.url)"]
            bind_dn = "\(slapd.serviceDN)"
            bind_password_file = "service.secret"
            user_base = "ou=people,dc=example,dc=org"
            domains = ["CORP", "corp.example"]
            connect_timeout = "1s"
            operation_timeout = "2s"
            \(directory)
            [directory.groups]
            base = "ou=groups,dc=example,dc=org"
            [[client]]
            id = "login"
            grants = ["password"]
            scopes = ["api"]
            [[client]]
            id = "web"
            secret_file = "web.secret"
            grants = ["password", "refresh_token", "client_credentials"]
            scopes = ["read", "write"]
            default_scopes = ["read"]
            \(sections)
            """,
            http: http,
            secrets: ["service.secret": slapd.servicePassword, "web.secret": "web-secret\n"]
        )
        return Setting(slapd: slapd, daemon: daemon)
    }

    func stop() async {
        await daemon.stop()
        await slapd.stop()
    }
}
