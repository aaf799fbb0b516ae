import TestSupport

/// What curl got.
struct Answer {
    /// 0 when there was no answer.
    var status: Int
    var body: String

    /// A text member of a JSON body.
    func text(_ member: String) -> String? {
        guard let start = body.range(of: "\"\(member)\":\"")?.upperBound else { return nil }
        return body[start...].firstIndex(of: "\"").map { String(body[start..<$0]) }
    }
}

extension Machine {
    /// A configuration with a public client that may refresh, and cheap hashes.
    ///
    /// - Parameter level: of the log: everything, so that what is in the journal is all that could be.
    static func configuration(_ sections: String = "", http: String = "", level: String = "trace") -> String {
        """
        [http]
        \(http)
        [log]
        level = "\(level)"
        [local]
        argon2_memory = "64KiB"
        argon2_iterations = 1
        \(sections)
        [[client]]
        id = "login"
        grants = ["password"]
        scopes = ["api"]
        [[client]]
        id = "web"
        grants = ["password", "refresh_token"]
        scopes = ["read"]
        """
    }

    /// Writes the configuration, adds the local account “lisa”, and starts the service.
    func serve(_ configuration: String = Machine.configuration(), units: String = "ldapauthd.service") async throws {
        try await write(configuration, to: "/etc/ldapauthd/ldapauthd.toml")
        try await addLisa()
        try await shell("systemctl start \(units)")
    }

    /// Twelve seconds: the unit allows 30, and nobody wants to wait that long here.
    func shortenWatchdog() async throws {
        let file = "/etc/systemd/system/ldapauthd.service.d/test.conf"
        try await write("[Service]\nWatchdogSec=12\n", to: file, shared: false)
        try await shell("systemctl daemon-reload")
    }

    /// The store's folder is made as systemd makes it at the first start.
    func addLisa() async throws {
        try await shell(
            "install -d -o ldapauthd -g ldapauthd -m 0700 /var/lib/ldapauthd; "
                + "ldapauthd user add lisa --first-name Lisa --password-file -",
            input: "lisa-pw\n"
        )
    }

    func curl(_ arguments: [String]) async throws -> Answer {
        let outcome = try await outside("curl", ["-s", "--max-time", "30", "-w", "\n%{http_code}"] + arguments)
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false)
        return Answer(
            status: lines.last.flatMap { Int($0) } ?? 0,
            body: lines.dropLast().joined(separator: "\n")
        )
    }

    /// A login of lisa at the endpoint with refresh tokens.
    func login(url: String = "http://127.0.0.1:8480", _ more: [String] = []) async throws -> Answer {
        try await curl(
            more + [
                "\(url)/api/v1/auth/token", "-d",
                "grant_type=password&client_id=web&username=lisa&password=lisa-pw",
            ]
        )
    }

    func refresh(_ token: String) async throws -> Answer {
        try await curl([
            "http://127.0.0.1:8480/api/v1/auth/token", "-d", "grant_type=refresh_token&client_id=web",
            "--data-urlencode", "refresh_token=\(token)",
        ])
    }
}

extension StringProtocol {
    /// Where `text` stands, without Foundation.
    func range(of text: String) -> Range<String.Index>? {
        let haystack = utf8
        let needle = Array(text.utf8)
        var index = haystack.startIndex
        while index != haystack.endIndex {
            if haystack[index...].starts(with: needle) {
                return index..<haystack.index(index, offsetBy: needle.count)
            }
            haystack.formIndex(after: &index)
        }
        return nil
    }
}
