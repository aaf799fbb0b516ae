import TestSupport

/// A realm, a directory of its people, and a daemon that takes the realm's tickets.
struct KerberosSetting {
    let kdc: MITKerberos
    let slapd: Slapd
    let daemon: Daemon
    let sample = SampleDirectory()

    /// alice and bob are in both, stranger in the realm only; the clients are “web” (secret web-secret) and “login”.
    static func make(
        kerberos: String = "",
        http: String = "",
        services: [String] = ["HTTP/localhost"],
        secrets: [String: String] = [:],
        _ adjust: (inout Slapd.Options) -> Void = { _ in }
    ) async throws -> KerberosSetting {
        var options = Slapd.Options()
        adjust(&options)
        let slapd = try await Slapd.start(options)
        let kdc = try await MITKerberos.start(
            people: ["alice": "alice-krb", "bob": "bob-krb", "stranger": "stranger-krb", "alice/admin": "admin-krb"],
            services: services
        )
        let keytab = try await kdc.keytab(services)
        let daemon = try Daemon(
            """
            [tokens]
            issuer = "http://localhost:8480"
            [authentication]
            order = ["corp"]
            default_client = "web"
            [kerberos]
            keytab_file = "\(keytab)"
            \(kerberos)
            \(Setting.people(of: slapd, "domains = [\"example.org\"]"))
            \(Setting.clients(grants: "\"password\", \"refresh_token\""))
            """,
            http: http,
            secrets: secrets.merging([
                "service.secret": slapd.servicePassword, "web.secret": "web-secret\n",
            ]) { first, _ in first }
        )
        return KerberosSetting(kdc: kdc, slapd: slapd, daemon: daemon)
    }

    /// The address by which clients name the service.
    var url: String { "http://localhost:\(daemon.port)/api/v1/auth/token" }

    static let fields: KeyValuePairs<String, String> = [
        "grant_type": "password", "WindowsAuthentication": "true", "client_id": "web", "client_secret": "web-secret",
    ]

    /// What a process of that person finds.
    func tickets(of name: String) async throws -> [String: String] {
        kdc.environment(cache: try await kdc.login(name, "\(name.split(separator: "/").last ?? "")-krb"))
    }

    /// One request with a token as it stands.
    func present(_ token: [UInt8]) async throws -> Curl.Answer {
        try await daemon.present(token)
    }

    func present(text: String) async throws -> Curl.Answer {
        try await daemon.present(text: text)
    }

    func stop() async {
        await daemon.stop()
        await slapd.stop()
        await kdc.stop()
    }
}

extension Daemon {
    /// One request with a Negotiate token as it stands.
    func present(_ token: [UInt8]) async throws -> Curl.Answer {
        try await present(text: Base64Text.encode(token))
    }

    func present(text: String) async throws -> Curl.Answer {
        // From a file: a large token is more than a command line takes.
        let header = try home.write("Authorization: Negotiate \(text)", to: "header-\(UInt32.random(in: 0...9999))")
        return try await Curl.form(
            "http://localhost:\(port)/api/v1/auth/token",
            KerberosSetting.fields,
            ["-H", "@\(header)"]
        )
    }
}
