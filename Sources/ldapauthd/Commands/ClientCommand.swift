import ArgumentParser
import Authentication

/// `ldapauthd client …`.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client",
        abstract: "Helps with the clients of the configuration.",
        subcommands: [ClientHashSecret.self]
    )
}

/// `ldapauthd client hash-secret`.
struct ClientHashSecret: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hash-secret",
        abstract: "Makes the content of a secret_hash_file.",
        discussion: """
            Reads the secret on standard input (asks on a terminal) and prints its Argon2id hash:

              (umask 077; openssl rand -base64 30 > web.secret; ldapauthd client hash-secret < web.secret > web.hash)
            """
    )

    func run() async throws {
        try await reporting {
            let source = PasswordPrompt.standardInputIsTerminal ? nil : "-"
            let secret = try PasswordPrompt.read(from: source, prompt: "Secret", twice: true)
            let pools = Pools(hashThreads: 1)
            defer { pools.shutdown() }
            do {
                let parameters = try Argon2Parameters(memory: 19 << 20, iterations: 2)
                let hasher = try PasswordHasher(parameters: parameters, pool: pools.hashing)
                Terminal.say(try await hasher.hash(secret))
            } catch let error as ArgonParameterError {
                throw CommandFailure(.unavailable, error.description)
            } catch is WorkPoolFull {
                throw CommandFailure(.unavailable, "there is not enough memory for a hash (19 MiB)")
            }
        }
    }
}
