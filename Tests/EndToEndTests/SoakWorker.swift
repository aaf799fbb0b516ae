import Glibc
import TestSupport

/// One client of the soak: logins with right and wrong passwords at its own beat, and a session that it refreshes.
final class SoakWorker: Sendable {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    private let number: Int
    private let port: Int
    /// Whose session it is, and its first refresh token.
    private let session: (directory: Int, token: String)

    /// Logs everybody in once, so that the address is known as theirs, and begins the session.
    init(number: Int, port: Int) throws {
        self.number = number
        self.port = port
        let client = HTTPClient(port: port)
        for (name, directory) in [("lee", 0), ("alice", 1), ("bob", 1), ("alice", 2), ("bob", 2)] {
            var answer = client.post("/token", FaultTests.form(name, "\(name)-secret", directory))
            // All at once on a busy machine: who is sent away for now comes back, as any client does.
            for _ in 0..<5 where answer?.status == 503 {
                sleep(1)
                answer = client.post("/token", FaultTests.form(name, "\(name)-secret", directory))
            }
            guard answer?.status == 200 else {
                throw Failed(description: "\(name) at \(directory): \(answer?.body ?? "")")
            }
        }
        let directory = number % 2 + 1
        let (domain, name) = directory == 1 ? ("corp", "alice") : ("partner", "bob")
        let answer = client.post(
            "/api/v1/auth/token",
            "grant_type=password&client_id=web&client_secret=web-secret&username=\(domain)%5C\(name)&password=\(name)-secret"
        )
        guard answer?.status == 200, let token = Self.refreshToken(answer?.body ?? "") else {
            throw Failed(description: "no session for \(name): \(answer?.body ?? "")")
        }
        session = (directory, token)
    }

    /// Asks at its beat until `end`; a request that had to wait is caught up with.
    func run(until end: ContinuousClock.Instant) -> [SoakTests.Outcome] {
        let client = HTTPClient(port: port)
        var outcomes: [SoakTests.Outcome] = []
        var token = session.token
        let pause = Duration.seconds(1) * SoakTests.workers / SoakTests.perSecond
        var next = ContinuousClock.now + pause * number / SoakTests.workers
        while next < end {
            let wait = (next - .now).components
            if wait.seconds > 0 || wait.attoseconds > 0 {
                usleep(UInt32(wait.seconds * 1_000_000 + wait.attoseconds / 1_000_000_000_000))
            }
            next += pause
            let begun = ContinuousClock.now
            let isRefresh = Int.random(in: 0..<5) == 0
            let (directory, request, status) = isRefresh ? refresh(client, &token) : login(client)
            outcomes.append(
                SoakTests.Outcome(directory: directory, request: request, status: status, begun: begun, ended: .now)
            )
        }
        return outcomes
    }

    private func login(_ client: HTTPClient) -> (Int, SoakTests.Request, Int) {
        let directory = [0, 1, 1, 1, 2].randomElement() ?? 1
        let isRight = Int.random(in: 0..<4) > 0
        let name = directory == 0 ? "lee" : ["alice", "bob"].randomElement() ?? "alice"
        // A few come again and again, as from an old telephone.
        let password = isRight ? "\(name)-secret" : "wrong-\(UInt32.random(in: 0..<40))"
        let status = client.post("/token", FaultTests.form(name, password, directory))?.status ?? 0
        return (directory, isRight ? .right : .wrong, status)
    }

    private func refresh(_ client: HTTPClient, _ token: inout String) -> (Int, SoakTests.Request, Int) {
        let form = "grant_type=refresh_token&client_id=web&client_secret=web-secret&refresh_token=\(token)"
        let answer = client.post("/api/v1/auth/token", form)
        if let next = Self.refreshToken(answer?.body ?? "") { token = next }
        return (session.directory, .refresh, answer?.status ?? 0)
    }

    private static func refreshToken(_ body: String) -> String? {
        guard let start = body.firstRange(of: "\"refresh_token\":\"")?.upperBound else { return nil }
        return String(body[start...].prefix { $0 != "\"" })
    }
}
