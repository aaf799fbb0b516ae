import TestSupport
import Testing

/// `/metrics` and `/readyz` of a daemon that has something to tell.
@Suite struct MetricsTests {
    @Test func whatHappenedIsCountedAndPrometheusCanReadIt() async throws {
        let authority = try await CertificateAuthority.make()
        let pair = try await authority.issue()
        let setting = try await Setting.make(
            {
                $0.ldaps = true
                $0.tls = .init(certificate: pair, clientCAFile: authority.certificateFile)
            },
            http: "[http.tls]\ncertificate_file = \"\(pair.certificateFile)\"\nkey_file = \"\(pair.keyFile)\"",
            directory: "ca_file = \"\(authority.certificateFile)\""
        )
        let daemon = setting.daemon
        let host = "ldaps://127.0.0.1:\(setting.slapd.ldapsPort)"
        try daemon.rewrite { $0.replacing(setting.slapd.url, with: host) }
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        let trust = ["--cacert", authority.certificateFile]
        let base = "https://127.0.0.1:\(daemon.port)"
        func login(_ user: String, _ password: String) async throws -> Int {
            try await Curl.form(
                "\(base)/token",
                ["grant_type": "password", "username": user, "password": password, "LDAPServerId": "1"],
                trust
            ).status
        }
        #expect(try await login("alice", alice.password) == 200)
        #expect(try await login("alice", alice.password) == 200)
        #expect(try await login("alice", "wrong") == 400)
        #expect(try await login("alice", "wrong") == 400, "remembered")
        let machine = try await Curl.form(
            "\(base)/api/v1/auth/token",
            ["grant_type": "client_credentials"],
            trust + ["-u", "web:web-secret"]
        )
        #expect(machine.status == 200)
        for number in 0..<5 {
            _ = try await Curl.form(
                "\(base)/api/v1/auth/token",
                ["grant_type": "client_credentials", "client_id": "evil\(number)\"} 1"],
                trust
            )
        }
        _ = try await Curl.send(trust + ["\(base)/no/such/path"])
        #expect(try await daemon.reload().succeeded)

        let isCounted = try await eventually { try await daemon.scrape().contains("\nldapauthd_sessions_open 2\n") }
        #expect(isCounted, "counted behind the first scrapes")
        let answer = try await Curl.send(["\(daemon.adminURL)/metrics"])
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        let page = answer.body
        for line in [
            #"ldapauthd_logins_total{source="corp",outcome="success"} 2"#,
            #"ldapauthd_logins_total{source="corp",outcome="wrong-password"} 2"#,
            #"ldapauthd_tokens_issued_total{grant="client_credentials",client="web"} 1"#,
            #"ldapauthd_tokens_issued_total{grant="password",client="login"} 2"#,
            #"ldapauthd_login_phase_seconds_count{source="corp",phase="bind"} 3"#,
            #"ldapauthd_login_phase_seconds_count{source="corp",phase="total"} 4"#,
            #"ldapauthd_login_phase_seconds_count{source="all",phase="sign"} 3"#,
            #"ldapauthd_directory_up{directory="corp"} 1"#,
            "ldapauthd_directory_host_state{directory=\"corp\",host=\"\(host)\",state=\"up\"} 1",
            "ldapauthd_directory_connections{directory=\"corp\",host=\"\(host)\",kind=\"bind_in_use\"} 0",
            // Until the last second of 2049.
            "ldapauthd_directory_certificate_expiry_timestamp_seconds{directory=\"corp\",host=\"\(host)\"} 2524607999",
            #"ldapauthd_http_requests_total{endpoint="/token",status="2xx"} 2"#,
            #"ldapauthd_http_requests_total{endpoint="/token",status="4xx"} 2"#,
            #"ldapauthd_http_requests_total{endpoint="other",status="4xx"} 1"#,
            #"ldapauthd_http_request_seconds_count{endpoint="/token"} 4"#,
            #"ldapauthd_http_request_seconds_bucket{endpoint="/token",le="10"} 4"#,
            "# TYPE ldapauthd_http_request_seconds histogram", "# TYPE ldapauthd_store_transaction_seconds histogram",
            #"ldapauthd_reloads_total{outcome="success"} 1"#, "ldapauthd_sessions_open 2", "ldapauthd_store_up 1",
            "ldapauthd_log_dropped_total 0", #"ldapauthd_pool_completed_total{pool="tickets"} 0"#,
            #"ldapauthd_throttle_refusals_total{reason="account"} 0"#,
            #"ldapauthd_throttle_refusals_total{reason="repeated"} 1"#,
        ] {
            #expect(page.contains("\n\(line)\n"), "\(line)\n\(page)")
        }
        let batches = try #require(value(of: "ldapauthd_store_transaction_seconds_count", in: page))
        #expect(batches > 0)
        #expect(value(of: #"ldapauthd_store_transaction_seconds_bucket{le="+Inf"}"#, in: page) == batches)
        #expect(value(of: "ldapauthd_store_batch_size_count", in: page) == batches)
        #expect(page.contains("ldapauthd_certificate_expiry_timestamp_seconds "))
        #expect(!page.contains("evil") && !page.contains("alice"), "labels are bounded")

        let check = try await ChildProcess.run("promtool", ["check", "metrics"], input: Array(page.utf8))
        #expect(check.succeeded, "\(check.output)\(check.errorOutput)")
        #expect(check.errorOutput.isEmpty && check.output.isEmpty, "\(check.output)\(check.errorOutput)")
        await setting.stop()
    }

    @Test func theDocumentNamesEveryMetricAndTheRulesUseNoOther() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 200)
        // Sessions are counted behind the first scrape.
        _ = try await eventually { try await daemon.scrape().contains("ldapauthd_sessions_open") }
        let page = try await daemon.scrape()
        var names = page.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map {
            String($0.split(separator: " ")[2])
        }
        // Only with [http.tls], and with a directory that speaks TLS.
        names.append("ldapauthd_certificate_expiry_timestamp_seconds")
        names.append("ldapauthd_directory_certificate_expiry_timestamp_seconds")
        let document = text(ofFile: "\(Daemon.repository)/docs/operations.md")
        for name in names { #expect(document.contains("`\(name)`"), "\(name) is not in docs/operations.md") }

        let folder = "\(Daemon.repository)/docs/metrics"
        for file in ["alerts.yml", "grafana.json"] {
            for name in Self.metrics(in: text(ofFile: "\(folder)/\(file)")) {
                let family = ["_bucket", "_sum", "_count"].reduce(name) { name, suffix in
                    name.hasSuffix(suffix) && !names.contains(name) ? String(name.dropLast(suffix.count)) : name
                }
                #expect(names.contains(family), "\(file) uses \(name), which does not exist")
            }
        }
        let rules = try await ChildProcess.run("promtool", ["check", "rules", "\(folder)/alerts.yml"])
        #expect(rules.succeeded, "\(rules.output)\(rules.errorOutput)")
        let tests = try await ChildProcess.run("promtool", ["test", "rules", "\(folder)/alerts-test.yml"])
        #expect(tests.succeeded, "\(tests.output)\(tests.errorOutput)")
        await setting.stop()
    }

    /// Each expression of the dashboard as a rule, which promtool reads; Grafana's variables have some value.
    @Test func prometheusCanReadTheDashboard() async throws {
        let script = """
            import json, sys
            panels = json.load(open(sys.argv[1]))["panels"]
            expressions = [target["expr"] for panel in panels for target in panel["targets"]]
            assert len(expressions) > 20
            rules = [{"record": "x", "expr": e.replace("$instance", ".*").replace("$__rate_interval", "5m")} for e in expressions]
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, open(sys.argv[2], "w"))
            """
        let folder = try TemporaryDirectory("ldapauthd-dashboard")
        let made = try await ChildProcess.run(
            "python3",
            ["-c", script, "\(Daemon.repository)/docs/metrics/grafana.json", folder.path(of: "rules.json")]
        )
        #expect(made.succeeded, "\(made.errorOutput)")
        // One name for all is told of, and is no fault here.
        let check = try await ChildProcess.run(
            "promtool",
            ["check", "rules", "--lint=none", folder.path(of: "rules.json")]
        )
        #expect(check.succeeded, "\(check.output)\(check.errorOutput)")
    }

    private func value(of sample: String, in page: String) -> Double? {
        page.split(separator: "\n").first { $0.hasPrefix(sample + " ") }
            .flatMap { Double($0.dropFirst(sample.count + 1)) }
    }

    @Test func readyzTellsDegradedFromDead() async throws {
        let setting = try await Setting.make()
        let daemon = setting.daemon
        try await daemon.start()
        let alice = try #require(setting.sample.person("alice"))
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 200)
        let ready = try await Curl.send(["\(daemon.adminURL)/readyz"])
        #expect(ready.status == 200)
        #expect(ready.text("status") == "ready")

        // The only directory down, and nobody in the local accounts.
        await setting.slapd.stop()
        #expect(try await daemon.login("alice", alice.password, directory: 1).status == 503)
        let isDead = await eventually { (try? await Curl.send(["\(daemon.adminURL)/readyz"]))?.status == 503 }
        #expect(isDead)
        let dead = try await Curl.send(["\(daemon.adminURL)/readyz"])
        #expect(dead.text("status") == "not ready")
        #expect(dead.body.contains("\"url\":\"\(setting.slapd.url)\""))
        #expect(try await Curl.send(["\(daemon.url)/readyz"]).status == 404, "the reasons are for the admin listener")

        // Somebody local can log in.
        let added = try await daemon.command(["user", "add", "lisa", "--password-file", "-"], input: "lisa-pw\n")
        #expect(added.succeeded, "\(added.errorOutput)")
        let degraded = try await Curl.send(["\(daemon.adminURL)/readyz"])
        #expect(degraded.status == 200)
        #expect(degraded.text("status") == "degraded")
        await setting.stop()
    }

    /// All names of metrics in a text.
    private static func metrics(in text: String) -> Set<String> {
        var names: Set<String> = []
        for word in text.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" }) {
            if word.hasPrefix("ldapauthd_") || word.hasPrefix("process_") { names.insert(String(word)) }
        }
        return names
    }
}
