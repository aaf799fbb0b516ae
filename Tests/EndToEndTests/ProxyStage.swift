import TestSupport
import Testing

/// A daemon, an application without a login of its own, and a proxy between them and curl.
struct ProxyStage {
    let setting: Setting
    let home: TemporaryDirectory
    let port: Int
    private let application: ChildProcess
    private let applicationPort: Int
    /// The proxy speaks TLS with it.
    private let authority: CertificateAuthority?
    private let certificate: CertificateAuthority.Certificate?

    static func make(http: String = "", sections: String = "", speaksTLS: Bool = false) async throws -> ProxyStage {
        let setting = try await Setting.make(
            http: "trusted_proxies = [\"127.0.0.1/32\"]\n\(http)",
            sections: sections
        )
        try await setting.daemon.start()
        let applicationPort = try freePort()
        let application = try ChildProcess.start(
            "python3",
            ["\(Daemon.repository)/Tests/EndToEndTests/Clients/application.py", "\(applicationPort)"]
        )
        guard
            await eventually(
                within: .seconds(30),
                { (try? await Curl.send(["http://127.0.0.1:\(applicationPort)/"]))?.status == 200 }
            )
        else { throw CurlError(description: "the application did not start: \(application.errorOutput)") }
        let authority = speaksTLS ? try await CertificateAuthority.make() : nil
        return ProxyStage(
            setting: setting,
            home: try TemporaryDirectory("ldapauthd-proxy"),
            port: try freePort(),
            application: application,
            applicationPort: applicationPort,
            authority: authority,
            certificate: try await authority?.issue()
        )
    }

    /// The first block of a page that begins with ```` ```language ````, with this stage's addresses and files.
    /// `rule` is what `verify` is asked instead of the page's groups.
    private func documented(_ language: String, of page: String = "nginx.md", rule: String = "") throws -> String {
        let page = text(ofFile: "\(Daemon.repository)/docs/\(page)")
        let start = try #require(page.range(of: "```\(language)\n")).upperBound
        let end = try #require(page[start...].range(of: "```")).lowerBound
        var block = String(page[start..<end])
        for (old, new) in [
            ("127.0.0.1:8480", "127.0.0.1:\(setting.daemon.port)"),
            ("listen 127.0.0.1:8080;", "listen 127.0.0.1:\(port)\(try nginxTLS());"),
            ("bind 127.0.0.1:8080", "bind 127.0.0.1:\(port)\(try haproxyTLS())"),
            ("127.0.0.1:9000", "127.0.0.1:\(applicationPort)"), ("groups=staff,editors", rule),
            ("/etc/haproxy/ldapauthd.lua", home.path(of: "ldapauthd.lua")),
            // docs/install.md
            ("listen 443 ssl;", "listen 127.0.0.1:\(port) ssl;"), ("listen [::]:443 ssl;", ""),
            ("/etc/ssl/corp/fullchain.pem", certificate?.certificateFile ?? ""),
            ("/etc/ssl/corp/key.pem", certificate?.keyFile ?? ""),
        ] {
            block = block.replacing(old, with: new)
        }
        return block
    }

    private func nginxTLS() throws -> String {
        guard let certificate else { return "" }
        return " ssl; ssl_certificate \(certificate.certificateFile); ssl_certificate_key \(certificate.keyFile)"
    }

    private func haproxyTLS() throws -> String {
        guard let certificate else { return "" }
        let both = bytes(ofFile: certificate.certificateFile) + bytes(ofFile: certificate.keyFile)
        return " ssl crt \(try home.write(both, to: "haproxy.pem"))"
    }

    /// What the proxy answers.
    func ask(_ path: String, _ arguments: [String] = []) async throws -> Curl.Answer {
        let trust = authority.map { ["--cacert", $0.certificateFile] } ?? []
        return try await Curl.send(
            arguments + trust + ["\(authority == nil ? "http" : "https")://127.0.0.1:\(port)\(path)"]
        )
    }

    /// nginx with what docs/nginx.md, or another page, shows.
    func startNginx(rule: String = "", page: String = "nginx.md") async throws -> ChildProcess {
        let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(home.path(of: $0));" }.joined(separator: "\n")
        let configuration = """
            daemon off;
            user root;
            worker_processes 1;
            pid \(home.path(of: "pid"));
            error_log stderr warn;
            events {}
            http {
            access_log off;
            \(folders)
            \(try documented("nginx", of: page, rule: rule))
            }
            """
        try home.write(Array(configuration.utf8), to: "nginx.conf")
        let nginx = try ChildProcess.start(
            "/usr/sbin/nginx",
            ["-e", "stderr", "-c", home.path(of: "nginx.conf"), "-p", home.path]
        )
        try await answers(nginx)
        return nginx
    }

    /// HAProxy with what docs/nginx.md shows.
    func startHAProxy(rule: String) async throws -> ChildProcess {
        try home.write(Array(try documented("lua", rule: rule).utf8), to: "ldapauthd.lua")
        try home.write(Array(try documented("haproxy", rule: rule).utf8), to: "haproxy.cfg")
        let haproxy = try ChildProcess.start("/usr/sbin/haproxy", ["-db", "-f", home.path(of: "haproxy.cfg")])
        try await answers(haproxy)
        return haproxy
    }

    private func answers(_ proxy: ChildProcess) async throws {
        let isUp = await eventually(within: .seconds(20)) {
            if proxy.exit != nil { return true }
            return (try? await ask("/")) != nil
        }
        guard isUp, proxy.exit == nil else {
            throw CurlError(description: "the proxy did not start: \(proxy.errorOutput) \(proxy.output)")
        }
    }

    func stop(_ proxy: ChildProcess) async {
        await proxy.stop()
        await application.stop()
        await setting.stop()
    }
}
