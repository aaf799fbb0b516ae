internal import CLinux
public import EventPoller
internal import Glibc

/// What the DNS says of where a service is: the SRV records of one name (RFC 2782).
public struct LDAPServiceRecords: Sendable, Hashable {
    /// One server.
    public struct Record: Sendable, Hashable {
        /// Lower ones are asked first.
        public let priority: Int
        /// How much of the load among those of one priority.
        public let weight: Int
        /// A host name, in lower case.
        public let host: String
        /// Its port.
        public let port: Int

        /// A server.
        public init(priority: Int, weight: Int, host: String, port: Int) {
            self.priority = priority
            self.weight = weight
            self.host = host
            self.port = port
        }
    }

    /// In order of priority, then by name; empty when the name has none, or says that the service is not offered.
    public let records: [Record]
    /// How long the answer may be kept.
    public let lifetime: Duration

    /// An answer.
    public init(records: [Record], lifetime: Duration) {
        self.records = records
        self.lifetime = lifetime
    }
}

extension LDAPServiceRecords {
    /// A look-up may wait for the name servers of resolv.conf(5), 5 s for each by default: threads of its own, so that
    /// addresses are still found meanwhile.
    private static let threads = BlockingPool(name: "srv", threads: 2, queueLimit: 64)

    /// Asks the DNS for a name such as `_ldap._tcp.corp.example`, which is taken as complete.
    ///
    /// - Throws: `.nameResolution` when there is no answer, or none in time; `.cancelled`. That there is no such name is an
    ///   answer.
    public static func look(
        up name: String,
        deadline: ContinuousClock.Instant,
        on poller: EventPoller
    ) async throws(LDAPError) -> LDAPServiceRecords {
        try await look(up: name, serverPort: 0, deadline: deadline, on: poller)
    }

    /// - Parameter serverPort: of a name server on 127.0.0.1, which resolv.conf(5) cannot name; 0 for those in that file.
    static func look(
        up name: String,
        serverPort: UInt16,
        deadline: ContinuousClock.Instant,
        on poller: EventPoller
    ) async throws(LDAPError) -> LDAPServiceRecords {
        let outcome: Result<[UInt8], Failure>
        do throws(BlockingPool.GivenUp) {
            outcome = try await threads.run(until: deadline, on: poller) { ask(name, serverPort) }
        } catch {
            if error.reason == .cancelled { throw LDAPError(.cancelled, "cancelled while looking up \(name)") }
            let why = error.reason == .full ? "too many look-ups are on their way" : "no answer in time"
            throw LDAPError(.nameResolution, "\(name): \(why)")
        }
        switch outcome {
        case .success(let octets):
            guard let answer = DNSAnswer(octets) else {
                throw LDAPError(.nameResolution, "\(name): the name server's answer cannot be read")
            }
            return LDAPServiceRecords(answer)
        case .failure(.noSuchName):
            return LDAPServiceRecords(records: [], lifetime: .zero)
        case .failure(.noAnswer(let why)):
            throw LDAPError(.nameResolution, "\(name): \(why)")
        }
    }

    private enum Failure: Error {
        case noSuchName
        case noAnswer(String)
    }

    private static func ask(_ name: String, _ serverPort: UInt16) -> Result<[UInt8], Failure> {
        // The largest message there is (RFC 1035 §4.2.2).
        var answer = [UInt8](repeating: 0, count: 65_535)
        var failure: Int32 = 0
        let length = unsafe clinux_dns_query(
            name,
            // SRV
            33,
            serverPort,
            &answer,
            Int32(answer.count),
            &failure
        )
        if length >= 0 { return .success(Array(answer.prefix(Int(length)))) }
        switch failure {
        case HOST_NOT_FOUND, NO_DATA: return .failure(.noSuchName)
        case TRY_AGAIN: return .failure(.noAnswer("no name server answers"))
        default: return .failure(.noAnswer(unsafe String(cString: hstrerror(failure))))
        }
    }

    init(_ answer: DNSAnswer) {
        // A target of “.” says that the service is decidedly not there (RFC 2782).
        let offered = answer.services.filter { !$0.target.isEmpty && $0.port > 0 && Self.isHostName($0.target) }
        let records = offered.map { service in
            Record(
                priority: service.priority,
                weight: service.weight,
                host: service.target.lowercased(),
                port: service.port
            )
        }
        self.init(
            records: Set(records).sorted { ($0.priority, $0.host, $0.port) < ($1.priority, $1.host, $1.port) },
            lifetime: .seconds(offered.map(\.lifetime).min() ?? 0)
        )
    }

    /// What could not stand in a URL is no host: the name comes from outside.
    private static func isHostName(_ name: String) -> Bool {
        (try? LDAPURL("ldap://\(name)"))?.host == name.lowercased()
    }
}
