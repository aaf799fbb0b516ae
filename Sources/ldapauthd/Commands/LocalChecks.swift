import Authentication
import Glibc
import HTTPAPI
import Logging
import Storage
import Tokens

/// What `check` looks at on this machine: secrets, the master key, the store, the TLS certificate, the listeners.
///
/// Run by root it first reads what only root may read, then becomes the owner of the store, and from there on sees what
/// the service will see.
struct LocalChecks {
    private let configuration: Configuration
    private var steps: [CheckStep] = []

    /// Takes every look; `configuration` holds its secrets already.
    static func steps(_ configuration: Configuration) async -> [CheckStep] {
        var checks = LocalChecks(configuration: configuration)
        // Only root sees who has a port.
        let holders = PortHolders.now()
        checks.clients()
        checks.secretModes()
        let key = checks.masterKey()
        await checks.store(key)
        checks.readability()
        checks.certificate()
        checks.steps += ListenerChecks(holders: holders).steps(configuration.http)
        return checks.steps
    }

    private init(configuration: Configuration) {
        self.configuration = configuration
    }

    private mutating func clients() {
        do throws(CommandFailure) {
            let clients = try configuration.tokenClients()
            steps.append(CheckStep("clients", .passed, .zero, clients.map(\.id).joined(separator: ", ")))
        } catch {
            steps.append(CheckStep("clients", .failed, .zero, error.description, remedy: "mend that file"))
        }
    }

    /// A secret that everybody on the machine can read is no secret.
    private mutating func secretModes() {
        for path in secretFiles {
            var status = stat()
            guard unsafe stat(path, &status) == 0, status.st_mode & 0o007 != 0 else { continue }
            steps.append(
                CheckStep("secrets", .warning, .zero, "everybody may read \(path)", remedy: "chmod 0640 \(path)")
            )
        }
        var status = stat()
        guard unsafe stat(configuration.file, &status) == 0, status.st_mode & 0o022 != 0 else { return }
        let message = "others than its owner may write \(configuration.file), and say with it who is let in"
        steps.append(CheckStep("secrets", .warning, .zero, message, remedy: "chmod 0644 \(configuration.file)"))
    }

    /// Reads the master key where there is one, and never makes one.
    private mutating func masterKey() -> MasterKey? {
        guard let path = configuration.masterKeyPath, unsafe access(path, F_OK) == 0 else { return nil }
        do throws(KeyError) {
            return try MasterKey.load(path: path, creating: false)
        } catch {
            steps.append(
                CheckStep(
                    "master key",
                    .failed,
                    .zero,
                    error.description,
                    remedy: "mend that; see tokens.master_key_file"
                )
            )
            return nil
        }
    }

    /// Looks at the store as it is: a check makes none and changes none.
    private mutating func store(_ key: MasterKey?) async {
        guard configuration.storage.url != "sqlite::memory:" else {
            let message = "in memory: everything is forgotten at the end"
            steps.append(CheckStep("store", .warning, .zero, message, remedy: "name a file in storage.url"))
            return
        }
        let begun = ContinuousClock.now
        do {
            var place = configuration.storage.place
            if configuration.storage.isPostgreSQL {
                let url = try PostgreSQLURL(configuration.storage.url)
                let report = try await configuration.askPostgreSQL(url)
                guard try judge(report, url) else { return }
                place = report.sentence(url)
            }
            let present = try await configuration.presentStore()
            writability()
            switch present {
            case .none where configuration.storage.isPostgreSQL:
                steps.append(CheckStep("store", .passed, .zero, "\(place): \(Self.tablesToCome)"))
            case .none:
                missingStore(place)
            case .older(let schema, let known):
                let what = "\(place): schema \(schema); the next start makes it \(known)"
                steps.append(CheckStep("store", .passed, ContinuousClock.now - begun, what))
            case .open(let store):
                let check = try await Self.masterKeyCheck(of: store)
                steps.append(CheckStep("store", .passed, ContinuousClock.now - begun, place))
                if let check { judge(key, check: check) }
            }
        } catch {
            let duration = ContinuousClock.now - begun
            steps.append(
                CheckStep("store", .failed, duration, "\(error)", remedy: "mend that, or name another storage.url")
            )
        }
    }

    /// Reads the keys, which takes most tables' being in order, and closes the store; nil when there are none yet.
    private static func masterKeyCheck(of store: SQLStore) async throws(StoreError) -> [UInt8]? {
        do {
            let check = try await store.keys().isEmpty ? nil : try await store.masterKeyCheck()
            await store.close()
            return check
        } catch {
            await store.close()
            throw error
        }
    }

    /// What a PostgreSQL says of itself; true when there are tables to look into.
    private mutating func judge(_ report: PostgreSQLReport, _ url: PostgreSQLURL) throws(StoreError) -> Bool {
        if try url.trustsNetwork {
            let what = report.isEncrypted ? "nobody checks the certificate" : "the connection is not encrypted"
            steps.append(
                CheckStep(
                    "store",
                    .warning,
                    .zero,
                    what,
                    remedy: "add sslmode=verify-full and sslrootcert to storage.url"
                )
            )
        }
        if report.isStandby {
            let remedy = "name all servers in storage.url and add target_session_attrs=read-write"
            steps.append(
                CheckStep("store", .failed, report.roundTrip, "\(report.sentence(url)) is a standby", remedy: remedy)
            )
            return false
        }
        guard !report.hasTables else { return true }
        let place = report.sentence(url)
        if report.mayMakeTables {
            let what = "\(place): \(Self.tablesToCome)"
            steps.append(CheckStep("store", .passed, report.roundTrip, what))
        } else {
            let what = "\(place): there are no tables, and the user may make none"
            let remedy = "GRANT CREATE ON SCHEMA to that user, or make him the database's owner"
            steps.append(CheckStep("store", .failed, report.roundTrip, what, remedy: remedy))
        }
        return false
    }

    /// Looking at a file does not show that the service can write it.
    private mutating func writability() {
        guard let path = configuration.storage.sqlitePath, unsafe access(path, F_OK) == 0 else { return }
        for place in [ConfigurationPath.folder(of: path), path] where unsafe access(place, W_OK) != 0 {
            let message = "user \(geteuid()) cannot write \(place): \(Errno.sentence(errno))"
            steps.append(CheckStep("store", .failed, .zero, message, remedy: "chown ldapauthd \(place), and chmod u+w"))
        }
    }

    private static let tablesToCome = "the first start will make the tables"

    private mutating func missingStore(_ path: String) {
        let folder = ConfigurationPath.folder(of: path)
        guard unsafe access(folder, W_OK | X_OK) != 0 else {
            guard !isRootsAlone(folder) else {
                let message =
                    "\(path) will be made at the next start, if that is root's: nobody else may write \(folder)"
                let remedy = "give it to the service's user: chown ldapauthd \(folder)"
                steps.append(CheckStep("store", .warning, .zero, message, remedy: remedy))
                return
            }
            steps.append(CheckStep("store", .passed, .zero, "\(path) will be made at the next start"))
            return
        }
        let message = "\(path) does not exist and cannot be made: \(folder): \(Errno.sentence(errno))"
        steps.append(
            CheckStep("store", .failed, .zero, message, remedy: "make the folder, owned by the service's user")
        )
    }

    /// Root sees no obstacle in a folder that the service's user may not write. Where there is no such user, somebody means to
    /// run the service as root.
    private func isRootsAlone(_ folder: String) -> Bool {
        var status = stat()
        guard geteuid() == 0, unsafe getpwnam("ldapauthd") != nil, unsafe stat(folder, &status) == 0 else {
            return false
        }
        return status.st_uid == 0 && status.st_mode & 0o022 == 0
    }

    private mutating func judge(_ key: MasterKey?, check: [UInt8]) {
        let path = configuration.masterKeyPath ?? ""
        if key?.checkValue == check {
            steps.append(CheckStep("master key", .passed, .zero, path))
        } else if configuration.masterKeys.masterKey(check: check) != nil {
            let what = "\(path) was followed by another key, which lies beside it"
            let remedy = "restart the daemon, or mv \(MasterKey.successorPath(of: path)) \(path)"
            steps.append(CheckStep("master key", .warning, .zero, what, remedy: remedy))
        } else if !steps.contains(where: { $0.name == "master key" }) {
            let what =
                key == nil
                ? "is missing, but the store was made with one" : "is another one than the store was made with"
            steps.append(
                CheckStep("master key", .failed, .zero, "\(path) \(what)", remedy: "put it back from its backup")
            )
        }
    }

    /// What lies in plain files is read by the service itself; credentials are handed to it by systemd.
    private mutating func readability() {
        let others = [configuration.http.tls?.certificateFile, configuration.http.tls?.keyFile].compactMap { $0 }
        let directories = configuration.directories.flatMap {
            [$0.caFile, $0.clientCertificateFile, $0.clientKeyFile].compactMap { $0 }
        }
        for path in plainSecrets + others + directories where unsafe access(path, R_OK) != 0 {
            let reason = Errno.sentence(errno)
            steps.append(
                CheckStep(
                    "files",
                    .failed,
                    .zero,
                    "user \(geteuid()), who runs the service, cannot read \(path): \(reason)",
                    remedy: "chgrp ldapauthd \(path); chmod 0640 \(path), and let that user enter the folders above it"
                )
            )
        }
    }

    /// A certificate that ends sooner is worth a word.
    private static let notice: Int64 = 30 * 86_400

    private mutating func certificate() {
        guard let tls = configuration.http.tls else { return }
        let begun = ContinuousClock.now
        do throws(HTTPServerError) {
            let expiry = try TLSFiles(certificate: tls.certificateFile, key: tls.keyFile).validate()
            let left = expiry - SystemWallClock().now().seconds
            let when = "until \(DateText.utc(Timestamp(seconds: expiry)))"
            let duration = ContinuousClock.now - begun
            if left <= 0 {
                let message = "\(tls.certificateFile) was valid \(when): clients refuse it"
                steps.append(CheckStep("certificate", .failed, duration, message, remedy: "renew it"))
            } else if left < Self.notice {
                let message = "\(tls.certificateFile) is valid \(when), \(left / 86_400) days more"
                let remedy = "renew it; the daemon takes the new files by itself"
                steps.append(CheckStep("certificate", .warning, duration, message, remedy: remedy))
            } else {
                steps.append(CheckStep("certificate", .passed, duration, "\(tls.certificateFile), valid \(when)"))
            }
        } catch {
            steps.append(
                CheckStep("certificate", .failed, .zero, error.description, remedy: "mend http.tls or that file")
            )
        }
    }

    private var secrets: [SecretFile] {
        configuration.directories.flatMap { $0.bindIdentities.map(\.password) }
            + configuration.clients.flatMap { [$0.secret, $0.secretHash].compactMap { $0 } }
            + [configuration.kerberos.keytab, configuration.storage.passwordFile].compactMap { $0 }
    }

    private var plainSecrets: [String] {
        secrets.filter { !$0.spelling.hasPrefix("credential:") }.compactMap(\.path)
    }

    /// All that hold a secret, keys among them; the master key is judged when it is read.
    private var secretFiles: [String] {
        secrets.compactMap(\.path) + [configuration.http.tls?.keyFile].compactMap { $0 }
            + configuration.directories.compactMap(\.clientKeyFile)
    }
}

extension PostgreSQLReport {
    /// Which server, where, and how it keeps what it is told.
    fileprivate func sentence(_ url: PostgreSQLURL) -> String {
        "PostgreSQL \(version) at \(url), \(isEncrypted ? "encrypted" : "not encrypted"), "
            + "synchronous_commit = \(synchronousCommit)"
    }
}
