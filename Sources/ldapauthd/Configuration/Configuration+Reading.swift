import Authentication
import Glibc
import TOMLKit
import Tokens

extension Configuration {
    /// Reads and judges a configuration file.
    ///
    /// - Parameter filesToo: also look at the files it names. Commands that use none of them leave it out, so that they
    ///   work for users who may not read the secrets.
    /// - Throws: `ConfigurationError` with every problem found, each with file, line and key.
    static func load(file: String, filesToo: Bool = true) throws(ConfigurationError) -> Configuration {
        let text: String
        do {
            text = try FileText.read(file)
        } catch {
            throw ConfigurationError(problems: [
                ConfigurationProblem(file: file, line: nil, key: "", message: error.description)
            ])
        }
        return try parse(text, file: file, filesToo: filesToo)
    }

    /// Judges a configuration text; relative paths are relative to the folder of `file`.
    static func parse(_ text: String, file: String, filesToo: Bool = true) throws(ConfigurationError) -> Configuration {
        let problems = ProblemList(file: file)
        let table: TOMLTable
        do {
            table = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            problems.add("no valid TOML: \(error.description)", line: error.source.begin.line)
            throw ConfigurationError(problems: problems.problems)
        } catch {
            problems.add("no valid TOML: \(error)")
            throw ConfigurationError(problems: problems.problems)
        }
        let root = ConfigurationTable(table, path: "", lines: KeyLines(text), problems: problems)
        let configuration = read(root, file: file)
        root.refuseUnknownKeys()
        if problems.problems.isEmpty { ConfigurationChecks(root: root, filesToo: filesToo).run(configuration) }
        guard problems.problems.isEmpty else { throw ConfigurationError(problems: problems.problems) }
        return configuration
    }

    /// Reads every table, without a look at what the values mean together.
    static func read(_ root: ConfigurationTable, file: String) -> Configuration {
        let folder = ConfigurationPath.folder(of: file)
        let directories = root.tables("directory").map { Directory.read($0, folder: folder) }
        let sources = SourceNames(directories)
        let tokens = root.subtable("tokens")
        let authentication = root.subtable("authentication")
        var configuration = Configuration(
            file: file,
            http: HTTP.read(root.subtable("http"), folder: folder),
            storage: Storage.read(root.subtable("storage"), folder: folder),
            tokens: readTokens(tokens, authentication: authentication, sources: sources),
            masterKeyFile: tokens.string("master_key_file").map { SecretFile($0, relativeTo: folder) },
            authentication: readAuthentication(authentication, sources: sources),
            throttle: ThrottleSettings.read(root.subtable("throttle")),
            local: Local.read(root.subtable("local")),
            log: Log.read(root.subtable("log")),
            kerberos: Kerberos.read(root.subtable("kerberos"), folder: folder),
            directories: directories,
            clients: root.tables("client").map { Client.read($0, folder: folder, sources: sources) }
        )
        configuration.tokens.firstSource = configuration.authentication.order.first ?? .local
        tokens.refuseUnknownKeys()
        authentication.refuseUnknownKeys()
        return configuration
    }

    private static func readTokens(
        _ table: ConfigurationTable,
        authentication: ConfigurationTable,
        sources: SourceNames
    ) -> TokenSettings {
        let standard = TokenSettings()
        let lifetime: ClosedRange<Duration> = .seconds(1)...(.seconds(3650 * 86400))
        var directory = authentication.integer("default_directory", in: 1...Int(Int32.max)).map(Int32.init)
        if let number = directory, !sources.contains(number) {
            authentication.refuse("default_directory", "\(number) is the id of no [[directory]]")
            directory = nil
        }
        return TokenSettings(
            issuer: table.string("issuer", default: standard.issuer),
            algorithm: table.choice("algorithm", default: standard.algorithm),
            accessLifetime: table.duration("access_lifetime", in: lifetime, default: standard.accessLifetime),
            loginLifetime: table.duration("login_lifetime", in: lifetime, default: standard.loginLifetime),
            refreshIdle: table.duration("refresh_idle", in: lifetime, default: standard.refreshIdle),
            sessionMax: table.duration("session_max", in: lifetime, default: standard.sessionMax),
            refreshReuseGrace: table.duration(
                "refresh_reuse_grace",
                in: .zero...(.seconds(300)),
                default: standard.refreshReuseGrace
            ),
            keyRotation: table.duration(
                "key_rotation",
                in: .seconds(3600)...(.seconds(3650 * 86400)),
                default: standard.keyRotation
            ),
            loginClient: authentication.string("login_client", default: standard.loginClient),
            defaultClient: authentication.string("default_client"),
            defaultDirectory: directory
        )
    }

    private static func readAuthentication(
        _ table: ConfigurationTable,
        sources: SourceNames
    ) -> AuthenticationSettings {
        let result = AuthenticationSettings(
            order: sources.resolve(table.strings("order", default: ["local"]), key: "order", in: table),
            fallbackToLocal: Set(
                table.strings("fallback_to_local", default: AuthenticationSettings.Fallback.allCases.map(\.rawValue))
                    .compactMap { word in
                        if let reason = AuthenticationSettings.Fallback(rawValue: word) { return reason }
                        table.refuse(
                            "fallback_to_local",
                            "“\(word)” is neither “unknown-user” nor “directory-unavailable”"
                        )
                        return nil
                    }
            ),
            orderPastOutage: table.bool("order_past_outage", default: false),
            loginBudget: table.duration("login_budget", in: .milliseconds(100)...(.seconds(120)), default: .seconds(10))
        )
        if table.strings("order", default: ["local"]).isEmpty {
            table.refuse("order", "is empty: name at least one directory or \"local\"")
        }
        return result
    }
}

/// Names of sources as `order` and `sources` spell them.
struct SourceNames {
    private let numbers: [String: SourceID]
    private let ids: Set<Int32>

    init(_ directories: [Configuration.Directory]) {
        var numbers = ["local": SourceID.local]
        for directory in directories where numbers[directory.name] == nil {
            numbers[directory.name] = SourceID(directory.id)
        }
        self.numbers = numbers
        ids = Set(directories.map(\.id))
    }

    func contains(_ id: Int32) -> Bool { ids.contains(id) }

    func resolve(_ names: [String], key: String, in table: ConfigurationTable) -> [SourceID] {
        var seen: Set<String> = []
        return names.compactMap { name in
            if !seen.insert(name).inserted {
                table.refuse(key, "names “\(name)” twice")
                return nil
            }
            if let number = numbers[name] { return number }
            let hint = NearestKey.to(name, among: numbers.keys.sorted()).map { "; did you mean “\($0)”?" } ?? ""
            table.refuse(key, "“\(name)” is the name of no [[directory]], nor \"local\"\(hint)")
            return nil
        }
    }
}

/// Reads a small text file.
enum FileText {
    static func read(_ path: String) throws(SecretFileError) -> String {
        guard let file = unsafe fopen(path, "re") else {
            throw SecretFileError("cannot be read: \(Errno.sentence(errno))")
        }
        defer { unsafe fclose(file) }
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while octets.count <= 4 << 20 {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe fread($0.baseAddress, 1, $0.count, file) }
            if count == 0 { break }
            octets.append(contentsOf: buffer[..<count])
        }
        if unsafe ferror(file) != 0 { throw SecretFileError("cannot be read: \(Errno.sentence(errno))") }
        guard octets.count <= 4 << 20 else { throw SecretFileError("is longer than 4 MiB") }
        guard let text = String(validating: octets, as: UTF8.self) else { throw SecretFileError("is not UTF-8") }
        return text
    }
}
