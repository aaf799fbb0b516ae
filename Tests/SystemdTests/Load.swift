import FoundationEssentials
import TestSupport

/// What many clients at once saw.
struct Load: Decodable {
    /// Whole answers with status 200.
    var good: Int
    /// What else happened, and how often.
    var others: [String: Int]
    /// The refresh tokens of the good answers.
    var tokens: [String]

    private static let script = "\(MachineImage.repository)/Tests/SystemdTests/load.py"
    private static let url = "http://127.0.0.1:8480"

    /// Logs lisa in over new connections, eight at a time, while `body` runs.
    static func login(on machine: Machine, seconds: Int, _ body: () async throws -> Void) async throws -> Load {
        let clients = try machine.start("python3", [script, "login", url, "\(seconds)", "8"])
        try await body()
        guard try await clients.wait(within: .seconds(120)) == .code(0) else {
            throw TestSupportError("load.py: \(clients.errorOutput)")
        }
        return try JSONDecoder().decode(Load.self, from: Data(clients.outputBytes))
    }

    /// Refreshes each token once.
    static func refresh(_ tokens: [String], on machine: Machine) async throws -> Load {
        let outcome = try await machine.outside(
            "python3",
            [script, "refresh", url],
            input: tokens.map { $0 + "\n" }.joined(),
            within: .seconds(180)
        )
        guard outcome.succeeded else { throw TestSupportError("load.py: \(outcome.errorOutput)") }
        return try JSONDecoder().decode(Load.self, from: Data(outcome.output.utf8))
    }
}
