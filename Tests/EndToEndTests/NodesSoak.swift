import FoundationEssentials
import Glibc
import Synchronization
import TestSupport

/// What the load of the soak test has been told, by all its threads.
final class NodesRecord: Sendable {
    /// A session that was answered.
    struct Opened: Sendable {
        var name: String
        var userID: Int
        var number: Int
    }

    /// A session that was ended, and was answered to be.
    struct Ended: Sendable {
        var session: String
        var access: String
        var refresh: String
    }

    struct State: Sendable {
        var opened: [Opened] = []
        var ended: [Ended] = []
        /// The last refresh token each chain was answered.
        var chains: [String] = []
        /// Access tokens of sessions that nobody ends, with the moment they were answered.
        var live: [(token: String, at: ContinuousClock.Instant)] = []
        /// How long after the answer a node still let an ended token in.
        var delays: [Duration] = []
        var refreshes = 0
        var retries = 0
        var verified = 0
        var unanswered = 0
        /// What must never happen, in a sentence each.
        var faults: [String] = []
        /// When keys were rotated, beginning and end.
        var rotations: [(ContinuousClock.Instant, ContinuousClock.Instant)] = []

        /// While nodes hear of a new key they may write one and the same token with different keys.
        func isRotating(_ moment: ContinuousClock.Instant) -> Bool {
            rotations.contains { $0.0 <= moment && moment < $0.1 + .seconds(6) }
        }
    }

    let state = Mutex(State())

    func fault(_ sentence: String) {
        state.withLock { if $0.faults.count < 50 { $0.faults.append(sentence) } }
    }

    func add(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
}

/// The clients of the soak test. Each call runs on a thread of its own until `end`.
struct NodesLoad: Sendable {
    /// The load balancer's.
    let port: Int
    /// The nodes' own.
    let nodes: [Int]
    let names: [String]
    let end: ContinuousClock.Instant
    let record: NodesRecord
    /// When the database was up.
    let database: SoakTests.Uptime

    private static let web = "client_id=web&client_secret=web-secret"

    private var isOver: Bool { ContinuousClock.now >= end }

    private static func open(_ name: String) -> String {
        "grant_type=password&username=\(name)&password=\(name)-secret&\(web)"
    }

    private static func answer(_ body: String) -> Curl.Answer { Curl.Answer(status: 0, headers: [:], body: body) }

    /// An answer that says "not now": nothing was done, or nobody knows.
    private static func isAway(_ status: Int) -> Bool { [0, 502, 503, 504].contains(status) }

    /// Logs in at POST /token again and again.
    func logIn(_ worker: Int) {
        let client = HTTPClient(port: port, patience: 10)
        var turn = worker
        while !isOver {
            let name = names[turn % names.count]
            turn += 7
            let answer = client.post("/token", FaultTests.form(name, "\(name)-secret", 1))
            let body = Self.answer(answer?.body ?? "")
            switch answer?.status ?? 0 {
            case 200:
                guard let id = body.number("userId"), let number = body.number("DTTSessionId"),
                    let token = body.text("access_token")
                else {
                    record.fault("a login without its members")
                    continue
                }
                record.add { state in
                    state.opened.append(NodesRecord.Opened(name: name, userID: id, number: number))
                    state.live.append((token, .now))
                    if state.live.count > 400 { state.live.removeFirst(200) }
                }
            case let status where Self.isAway(status): record.add { $0.unanswered += 1 }
            case let status: record.fault("login: \(status) \(body.body.prefix(200))")
            }
            usleep(UInt32.random(in: 60_000...140_000))
        }
    }

    /// Keeps one session alive: each token once, again when no answer came, and now and then again for no reason.
    func refresh(_ worker: Int) {
        let client = HTTPClient(port: port, patience: 10)
        var token: String?
        while !isOver {
            guard let present = token else {
                let answer = client.post("/api/v1/auth/token", Self.open(names[worker % names.count]))
                token = answer?.status == 200 ? Self.answer(answer?.body ?? "").text("refresh_token") : nil
                if token == nil { usleep(100_000) }
                continue
            }
            let form = "grant_type=refresh_token&refresh_token=\(present)&\(Self.web)"
            let first = client.post("/api/v1/auth/token", form)
            let isRepeated = Int.random(in: 0..<5) == 0
            let second = isRepeated ? client.post("/api/v1/auth/token", form) : nil
            var successors: Set<String> = []
            for answer in [first, second] {
                let body = Self.answer(answer?.body ?? "")
                switch answer?.status ?? 0 {
                case 200: if let next = body.text("refresh_token") { successors.insert(next) }
                case let status where Self.isAway(status): if answer != nil { record.add { $0.unanswered += 1 } }
                case let status: record.fault("refresh: \(status) \(body.body.prefix(200))")
                }
            }
            if successors.count > 1 {
                let isRotating = record.state.withLock { $0.isRotating(.now) }
                let meanings = Set(successors.map(Self.meaning))
                if meanings.count > 1 || !isRotating { record.fault("two successors of one refresh token") }
            }
            if let next = successors.first {
                token = next
                record.add { state in
                    state.refreshes += 1
                    if isRepeated { state.retries += 1 }
                }
            }
            usleep(UInt32.random(in: 80_000...160_000))
        }
        if let token { record.add { $0.chains.append(token) } }
    }

    /// Session and generation of a refresh token. While keys are rotated two nodes may write the same with different keys.
    private static func meaning(_ token: String) -> [UInt8] {
        let standard = token.replacing("-", with: "+").replacing("_", with: "/")
        let padded = standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        return Array((Data(base64Encoded: padded) ?? Data()).dropFirst(5).prefix(20))
    }

    /// Asks about tokens of live sessions.
    func verify() {
        let client = HTTPClient(port: port, patience: 10)
        while !isOver {
            usleep(UInt32.random(in: 20_000...60_000))
            // Behind the answer by a moment: whoever uses a token sooner asks the node that signed it.
            guard let token = record.state.withLock({ $0.live.randomElement()?.token }) else { continue }
            let status = client.get("/api/v1/auth/verify", token: token)?.status ?? 0
            if status == 200 {
                record.add { $0.verified += 1 }
            } else if !Self.isAway(status) {
                record.fault("verify of a live token: \(status)")
            }
        }
    }

    /// Opens a session and ends it; every node must know soon.
    func revoke(_ worker: Int) {
        let client = HTTPClient(port: port, patience: 10)
        while !isOver {
            usleep(300_000)
            let opened = client.post("/api/v1/auth/token", Self.open(names[worker % names.count]))
            let body = Self.answer(opened?.body ?? "")
            guard opened?.status == 200, let access = body.text("access_token"),
                let refresh = body.text("refresh_token"), let session = body.text("session_state")
            else { continue }
            let begun = ContinuousClock.now
            let out = client.request("POST", "/api/v1/auth/logout", ["Authorization: Bearer \(access)"])
            guard out?.status == 204 else {
                if let status = out?.status, !Self.isAway(status), status != 401 { record.fault("logout: \(status)") }
                continue
            }
            let answered = ContinuousClock.now
            record.add { $0.ended.append(NodesRecord.Ended(session: session, access: access, refresh: refresh)) }
            var latest = Duration.zero
            let asked = nodes.map { HTTPClient(port: $0, patience: 2) }
            while ContinuousClock.now < answered + .milliseconds(2_500) {
                var isGood = false
                for node in asked {
                    let sent = ContinuousClock.now
                    if node.get("/api/v1/auth/verify", token: access)?.status == 200 {
                        isGood = true
                        latest = max(latest, sent - answered - LostTime.since(answered, until: sent))
                    }
                }
                if !isGood && ContinuousClock.now > answered + .milliseconds(300) { break }
                usleep(30_000)
            }
            // What was ended while the database went away, the others hear of when it is back.
            if database.covers(begun - .seconds(5), answered + .milliseconds(2_500), margin: .zero) {
                record.add { $0.delays.append(latest) }
            }
        }
    }
}
