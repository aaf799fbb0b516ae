import Glibc
import Logging
import Storage
import Tokens

/// What `check` looks at on this machine: the store, the master key, the clients' secrets, the certificate.
enum LocalChecks {
    static func steps(_ configuration: Configuration) async -> [CheckStep] {
        var steps = [await store(configuration), clients(configuration)]
        for directory in configuration.directories {
            for identity in directory.bindIdentities {
                if let step = mode(of: identity.password, "directory “\(directory.name)”") { steps.append(step) }
            }
        }
        return steps
    }

    /// Opens the store only where it exists: a check must not make one.
    private static func store(_ configuration: Configuration) async -> CheckStep {
        let begun = ContinuousClock.now
        guard configuration.storage.url != "sqlite::memory:" else {
            return CheckStep(
                "store",
                .warning,
                .zero,
                "in memory: everything is forgotten at the end",
                remedy: "use a file"
            )
        }
        let path = String(configuration.storage.url.dropFirst("sqlite:".count))
        guard unsafe access(path, F_OK) == 0 else {
            let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            guard unsafe access(folder, W_OK | X_OK) == 0 else {
                return CheckStep(
                    "store",
                    .failed,
                    .zero,
                    "\(path) does not exist and cannot be made: \(folder): \(Errno.sentence(errno))",
                    remedy: "make the folder, owned by the service's user"
                )
            }
            return CheckStep("store", .passed, .zero, "\(path) will be made at the first start")
        }
        do throws(CommandFailure) {
            let store = try await configuration.openStore(logger: .quiet)
            await store.close()
        } catch {
            return CheckStep(
                "store",
                .failed,
                ContinuousClock.now - begun,
                error.description,
                remedy: "mend that, or name another storage.url"
            )
        }
        do throws(KeyError) {
            _ = try configuration.masterKey()
        } catch {
            return CheckStep(
                "master key",
                .failed,
                ContinuousClock.now - begun,
                error.description,
                remedy: "see tokens.master_key_file"
            )
        }
        return CheckStep("store", .passed, ContinuousClock.now - begun, path)
    }

    private static func clients(_ configuration: Configuration) -> CheckStep {
        do throws(CommandFailure) {
            let clients = try configuration.tokenClients()
            return CheckStep("clients", .passed, .zero, clients.map(\.id).joined(separator: ", "))
        } catch {
            return CheckStep("clients", .failed, .zero, error.description, remedy: "mend that file")
        }
    }

    /// A secret that everybody on the machine can read is no secret.
    private static func mode(of secret: SecretFile, _ whose: String) -> CheckStep? {
        guard let path = secret.path else { return nil }
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & 0o007 != 0 else { return nil }
        return CheckStep(
            "secrets",
            .warning,
            .zero,
            "\(whose): everybody may read \(path)",
            remedy: "chmod 0640 \(path), group of the service's user"
        )
    }
}
