import Authentication
import DirectoryAuth
import HTTPAPI
import Logging
import NIOPosix
import Observability
import Tokens

/// One reload, from the file to the swap: the new configuration counts whole, or the old one goes on and a sentence says why.
///
/// Whoever asks (`ldapauthd reload`, SIGHUP) goes through `Reloader`, which lets one run after the other.
struct Reload: Sendable {
    let file: String
    let environment: ServiceEnvironment
    let foundations: Foundations
    let inForce: InForce
    let api: APIServer
    let state: APIState
    let retirement: Retirement
    let logger: Logger

    /// - Throws: why the old configuration stays in force, whole.
    func run() async throws(CommandFailure) -> String {
        let old = inForce.rooms

        // 1. Read and judge the file, and the files it names.
        let (configuration, clients) = try await read()

        // 2. What is made once must be what it was.
        try FixedSettings.requireSame(old.configuration, configuration)

        // 3. Build everything beside the old. A directory whose settings and files are the same goes on with its
        //    connections and caches; a new one has asked nobody yet.
        let http = try await prepare(configuration)
        let new = try Rooms(configuration, clients: clients, foundations: foundations, keeping: old.directories)

        // 4. The one step that writes, and the last that can fail.
        do throws(KeyError) {
            try await foundations.keys.apply(KeyPolicy(settings: configuration.tokens, clients: clients))
        } catch {
            await close(new.directories, butNot: old.directories)
            throw CommandFailure(.unavailable, "the keys could not be made ready: \(error)")
        }

        // 5. Swap. Requests under way end with what they began with.
        inForce.replace(with: new)
        new.start()
        // Whoever reloads has mended something; it need not be in a file.
        for running in new.directories { running.directory.retryServiceAccounts() }
        state.replace(with: new.application)
        api.adopt(http)
        foundations.throttle.apply(configuration.throttle)
        foundations.output.minimumLevel.level = configuration.log.minimumLevel
        configuration.warnOfWaivedProtection(logger)

        // 6. Close what nobody needs any more, once its requests have ended.
        let (kept, gone) = Self.split(old.directories, new.directories)
        retirement.retire(gone, heldBy: old.tokens)
        return Self.sentence(new, kept: kept, gone: gone.count)
    }

    private func read() async throws(CommandFailure) -> (Configuration, [Tokens.Client]) {
        do {
            // Files are read where it may take long.
            return try await NIOThreadPool.singleton.runIfActive { [file] in
                let configuration = try Configuration.load(file: file)
                return (configuration, try configuration.tokenClients())
            }
        } catch let error as CommandFailure {
            throw error
        } catch {
            throw CommandFailure(.configuration, "\(error)")
        }
    }

    private func prepare(_ configuration: Configuration) async throws(CommandFailure) -> APIServer.Preparation {
        let settings = try configuration.http.settings(sockets: environment.sockets)
        do throws(HTTPServerError) {
            return try await api.prepare(settings)
        } catch {
            throw CommandFailure(.configuration, "http.tls: \(error.reason)")
        }
    }

    private func close(_ directories: [RunningDirectory], butNot kept: [RunningDirectory]) async {
        for directory in Self.split(directories, kept).gone { await directory.shutdown() }
    }

    private static func split(
        _ old: [RunningDirectory],
        _ new: [RunningDirectory]
    ) -> (kept: Int, gone: [DirectoryAuth.Directory]) {
        let gone = old.map(\.directory).filter { directory in !new.contains { $0.directory === directory } }
        return (old.count - gone.count, gone)
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }

    private static func sentence(_ rooms: Rooms, kept: Int, gone: Int) -> String {
        let made = rooms.directories.count - kept
        return "reloaded: \(count(rooms.configuration.clients.count, "client", "clients")), "
            + "\(count(rooms.directories.count, "directory", "directories")) (\(kept) unchanged, \(made) made anew, \(gone) closed), log level \(rooms.configuration.log.level.rawValue)"
    }
}

extension Configuration.Log {
    var minimumLevel: Logger.Level { Logger.Level(rawValue: level.rawValue) ?? .info }
}
