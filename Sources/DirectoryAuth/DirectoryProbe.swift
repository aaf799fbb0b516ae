internal import Authentication
internal import LDAPClient

/// Looks at each host of a directory step by step, for `ldapauthd check`: on the very connections and with the very
/// searches that logins use.
public struct DirectoryProbe: Sendable {
    /// One step and what came of it.
    public struct Step: Sendable, Hashable {
        /// What was looked at.
        public enum Name: String, Sendable, Hashable, CaseIterable {
            /// The hosts of an `srv:` URL.
            case discovery = "DNS SRV"
            /// The host's name to addresses.
            case resolve
            /// The connection to one of them.
            case connect
            /// The handshake and the certificate.
            case tls = "TLS"
            /// The bind of an account that searches; one step for each that was tried.
            case serviceBind = "service bind"
            /// What the server says of itself.
            case rootDSE = "root DSE"
            /// This machine's clock beside the server's, where it tells the time.
            case clock
            case userBase = "user base"
            case sampleUser = "sample user"
            /// What a refresh will be able to see of people.
            case accountState = "account state"
            case groupsBase = "groups base"
            case sampleGroup = "sample group"
            /// The groups of the sample user.
            case groups
            /// After how many wrong passwords the server locks, beside the throttle.
            case lockout = "lock-out"
        }

        /// How it went.
        public enum Verdict: String, Sendable, Hashable {
            case passed = "ok"
            /// Logins work, but something is likely not as meant.
            case warning
            case failed
            /// Not asked for by the configuration, or a step before it failed.
            case skipped
        }

        /// The host's URL.
        public var host: String
        /// What was looked at.
        public var name: Name
        /// How it went.
        public var verdict: Verdict
        /// How long it took.
        public var duration: Duration
        /// What was seen.
        public var message: String
        /// What to do about it; nil when there is nothing to do.
        public var remedy: String?
        /// More of what was seen, a line each: the certificates.
        public var details: [String] = []
        /// With `groups`: all of them by name.
        public var groups: [String]?
    }

    private let directory: Directory
    private let throttle: Int?

    /// A probe of a directory; nothing is asked yet.
    ///
    /// - Parameter throttle: after how many failures an account waits here before the directory is asked again; 0 never,
    ///   nil when that is not to be compared with the directory's own threshold.
    public init(_ directory: Directory, throttle: Int? = nil) {
        self.directory = directory
        self.throttle = throttle
    }

    /// Takes every step on every host, those after a failed connection skipped.
    ///
    /// - Parameters:
    ///   - username: searched in place of any person, as typed.
    ///   - deadline: for all hosts together.
    public func run(username: String? = nil, deadline: ContinuousClock.Instant) async -> [Step] {
        var steps = await discovery()
        for host in directory.hosts.roster.hosts {
            let probe = HostProbe(directory: directory, host: host, deadline: deadline)
            let searches = [Step.Name.userBase, .sampleUser, .accountState, .groupsBase, .sampleGroup, .groups]
            let (connection, root) = await probe.connection()
            steps += connection
            guard connection.last?.verdict != .failed else {
                steps += searches.map { probe.skipped($0, "there is no connection") }
                continue
            }
            guard directory.hasSearchingIdentity else {
                steps += searches.map {
                    probe.skipped($0, "only people themselves can search here (bind_dn_template without bind_dn)")
                }
                continue
            }
            steps.append(await probe.userBase())
            let (sample, person) = await probe.sampleUser(username)
            steps.append(sample)
            steps.append(await probe.accountState(root: root, person: person))
            steps.append(await probe.groupsBase())
            steps.append(await probe.sampleGroup())
            steps.append(await probe.groups(of: person))
            if let throttle { steps.append(await probe.lockout(root: root, person: person, throttle: throttle)) }
        }
        return steps
    }

    /// What the DNS says, where it is asked.
    private func discovery() async -> [Step] {
        var steps: [Step] = []
        for discovery in directory.settings.discoveries {
            let begun = ContinuousClock.now
            await directory.hosts.keeper.discoverOnce(discovery.domain)
            let (found, error) = directory.hosts.keeper.found(discovery.domain)
            steps.append(
                Step(
                    host: "srv:\(discovery.domain)",
                    name: .discovery,
                    verdict: error == nil ? .passed : .failed,
                    duration: ContinuousClock.now - begun,
                    message: error ?? found,
                    remedy: error == nil ? nil : "check the domain in urls, and this machine's DNS"
                )
            )
        }
        return steps
    }
}
