import ArgumentParser
import Authentication

/// Why a command failed: a sentence for the terminal and an exit code for scripts (sysexits.h).
struct CommandFailure: Error, Sendable, CustomStringConvertible {
    /// The exit codes, as the README lists them.
    enum Code: Int32, Sendable {
        /// A login was refused, a name is not there.
        case refused = 1
        /// What was given on the command line or on standard input will not do (EX_DATAERR).
        case badInput = 65
        /// A directory, the store or a listener is not available, or `check` found a fault (EX_UNAVAILABLE).
        case unavailable = 69
        /// Not permitted: run it as root or as the service's user (EX_NOPERM).
        case notPermitted = 77
        /// The configuration is wrong (EX_CONFIG).
        case configuration = 78
        /// Ctrl-C, as shells report it.
        case interrupted = 130
    }

    let code: Code
    let description: String
    /// True when waiting may be all it takes: the store does not answer.
    let isPassing: Bool

    init(_ code: Code, _ description: String, isPassing: Bool = false) {
        self.code = code
        self.description = description
        self.isPassing = isPassing
    }

    /// What the store says.
    init(_ error: StoreError) {
        self.init(.unavailable, error.detail, isPassing: error.code == .unavailable)
    }
}

extension AsyncParsableCommand {
    /// Runs a command's work; a failure is told in its own words on standard error, without a stack or a type's name.
    func reporting(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let failure as CommandFailure {
            Terminal.complain(failure.description)
            throw ExitCode(failure.code.rawValue)
        } catch let error as ConfigurationError {
            Terminal.complain(error.description)
            throw ExitCode(CommandFailure.Code.configuration.rawValue)
        } catch let code as ExitCode {
            throw code
        } catch {
            Terminal.complain("\(error)")
            throw ExitCode(CommandFailure.Code.unavailable.rawValue)
        }
    }
}
