import ArgumentParser
import Glibc
import Logging
import Observability

/// `ldapauthd serve`: runs the daemon.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the daemon in the foreground.",
        discussion: "It stops on SIGTERM and SIGINT, letting requests under way be answered."
    )

    @OptionGroup var config: ConfigurationOption

    func run() async throws {
        // First of all, while there is hardly a second thread: getenv(3) and unsetenv(3) know no locks.
        let environment = ServiceEnvironment.takeOver()
        OpenFiles.raiseLimit()
        try await reporting {
            let configuration = try config.load()
            let output = LogOutput(
                format: LogFormat(rawValue: configuration.log.format.rawValue) ?? .auto,
                level: Logger.Level(rawValue: configuration.log.level.rawValue) ?? .info,
                journalStream: environment.journalStream
            )
            defer { output.flush() }
            LoggingSystem.bootstrap(output.handler(label:))
            try await Daemon(configuration: configuration, environment: environment, output: output).run()
        }
    }
}

/// How many files the process may hold open.
private enum OpenFiles {
    /// Raises the soft limit to the hard one (setrlimit(2)): every connection is a file, and the soft one is often 1024.
    static func raiseLimit() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
