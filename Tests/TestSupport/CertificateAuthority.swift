// API: let ca = try await CertificateAuthority.make("Test CA")
//      let good = try await ca.issue()                       // 127.0.0.1, ::1, localhost; in date
//      let bad = try await ca.issue(.expired)                // .notYetValid, .wrongHost, .client(name), .names([…])
//      let below = try await ca.issueAuthority("Intermediate CA")
//      ca.certificateFile, good.certificateFile, good.keyFile (PEM paths); live as long as `ca` does
// A certificate "from another CA" is one issued by a second CertificateAuthority.

/// A certificate authority made with the openssl command, EC keys.
public final class CertificateAuthority: Sendable {
    /// What a certificate is for, and what is wrong with it.
    public enum Kind: Sendable, Hashable {
        /// Server: 127.0.0.1, ::1, localhost and this machine's name, in date.
        case good
        /// As good, but ended on 2025-01-02.
        case expired
        /// As good, but begins in 2050.
        case notYetValid
        /// In date, for `db.example` only.
        case wrongHost
        /// Valid, for so many days more.
        case endsIn(days: Int)
        /// In date, for these DNS names and IPv4 addresses.
        case names([String])
        /// A client's, with this common name.
        case client(String)
        /// Another authority's; see `issueAuthority`.
        case authority(String)
    }

    /// A certificate and its key, as PEM files.
    public struct Certificate: Sendable, Hashable {
        /// The certificate followed by the authority's.
        public let certificateFile: String
        /// The private key (PKCS#8).
        public let keyFile: String

        /// A pair of files made elsewhere.
        public init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// The authority's own certificate, PEM.
    public let certificateFile: String
    /// Its common name.
    public let name: String
    private let folder: TemporaryDirectory

    private init(name: String, folder: TemporaryDirectory) {
        self.name = name
        self.folder = folder
        certificateFile = folder.path(of: "ca.pem")
    }

    /// Makes an authority.
    public static func make(_ name: String = "Test CA") async throws -> CertificateAuthority {
        let folder = try TemporaryDirectory("ldapauthd-ca")
        try await openssl(
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-sha256"]
                + ["-keyout", folder.path(of: "ca.key"), "-out", folder.path(of: "ca.pem"), "-days", "3650"]
                + ["-subj", "/O=Example/CN=\(name)", "-addext", "basicConstraints=critical,CA:TRUE"]
                + ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
        )
        return CertificateAuthority(name: name, folder: folder)
    }

    /// Issues a certificate with a key of its own.
    public func issue(_ kind: Kind = .good) async throws -> Certificate {
        let id = "c\(UInt32.random(in: 0...UInt32.max))"
        var validity = ["-startdate", "20240101000000Z", "-enddate", "20491231235959Z"]
        var usage = "serverAuth"
        var names: [String]
        let commonName: String
        switch kind {
        case .good: (commonName, names) = ("localhost", Self.localNames)
        case .expired:
            (commonName, names) = ("localhost", Self.localNames)
            validity = ["-startdate", "20240101000000Z", "-enddate", "20250102030405Z"]
        case .notYetValid:
            (commonName, names) = ("localhost", Self.localNames)
            validity = ["-startdate", "20490101000000Z", "-enddate", "20491231235959Z"]
        case .wrongHost: (commonName, names) = ("db.example", ["DNS:db.example"])
        case .endsIn(let days):
            (commonName, names) = ("localhost", Self.localNames)
            // An hour more, so that it is so many whole days however long the test takes.
            let end = try await ChildProcess.run("date", ["-u", "-d", "\(days) days 1 hour", "+%Y%m%d%H%M%SZ"])
            validity = ["-startdate", "20240101000000Z", "-enddate", String(end.output.dropLast())]
        case .names(let given):
            let isAddress = { (name: String) in name.allSatisfy { $0.isNumber || $0 == "." } }
            (commonName, names) = (given.first ?? "none", given.map { (isAddress($0) ? "IP:" : "DNS:") + $0 })
        case .client(let name):
            (commonName, names) = (name, [])
            usage = "clientAuth"
        case .authority(let name): (commonName, names) = (name, [])
        }
        var extensions = "[ext]\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=\(usage)\n"
        if case .authority = kind {
            extensions = "[ext]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"
        }
        if !names.isEmpty { extensions += "subjectAltName=\(names.joined(separator: ","))\n" }
        // One small database per certificate, so that certificates may be issued at the same time.
        let configuration = try folder.write(
            """
            [ca]
            default_ca = this
            [this]
            database = \(folder.path(of: "\(id).index"))
            new_certs_dir = \(folder.path)
            rand_serial = yes
            default_md = sha256
            policy = any
            unique_subject = no
            [any]
            organizationName = optional
            commonName = supplied
            \(extensions)
            """,
            to: "\(id).cnf"
        )
        try folder.write("", to: "\(id).index")
        let key = folder.path(of: "\(id).key")
        let request = folder.path(of: "\(id).csr")
        let leaf = folder.path(of: "\(id).leaf")
        try await Self.openssl(
            ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-utf8"]
                + ["-keyout", key, "-out", request, "-subj", "/O=Example/CN=\(commonName)"]
        )
        try await Self.openssl(
            ["ca", "-batch", "-notext", "-config", configuration, "-extensions", "ext", "-in", request, "-out", leaf]
                + ["-cert", certificateFile, "-keyfile", folder.path(of: "ca.key")] + validity
        )
        let chain = bytes(ofFile: leaf) + bytes(ofFile: certificateFile)
        return Certificate(certificateFile: try folder.write(chain, to: "\(id).pem"), keyFile: key)
    }

    /// Makes an authority below this one; its `certificateFile` holds only its own certificate.
    public func issueAuthority(_ name: String) async throws -> CertificateAuthority {
        let files = try await issue(.authority(name))
        let folder = try TemporaryDirectory("ldapauthd-ca")
        let own = text(ofFile: files.certificateFile).split(separator: "-----END CERTIFICATE-----").first ?? ""
        try folder.write(own + "-----END CERTIFICATE-----\n", to: "ca.pem")
        try folder.write(bytes(ofFile: files.keyFile), to: "ca.key")
        return CertificateAuthority(name: name, folder: folder)
    }

    private static let localNames = ["IP:127.0.0.1", "IP:::1", "DNS:localhost"]

    private static func openssl(_ arguments: [String]) async throws {
        let outcome = try await ChildProcess.run("openssl", arguments)
        guard outcome.succeeded else {
            throw TestSupportError("openssl \(arguments.first ?? ""): \(outcome.errorOutput)")
        }
    }
}
