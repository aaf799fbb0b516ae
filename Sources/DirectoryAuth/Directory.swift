public import Authentication
public import EventPoller
public import LDAPClient
public import Logging

/// DirectoryAuth: people in LDAP.
///
/// This room owns how a typed name becomes a search or a DN, how a server's answer to a bind is read, what an entry says of
/// a person, which groups are theirs, what is remembered, and which host of a directory is asked. It does not own what a
/// refusal means for other sources (Authentication), nor connections, TLS and the wire (LDAPClient). The Authenticator asks
/// it through `DirectorySource`; the program builds it from a `[[directory]]`, shows its status and runs its `DirectoryProbe`.
public final class Directory: DirectorySource {
    /// What the directory was made from.
    public let settings: DirectorySettings
    /// False when only people themselves can search (settled with bind_dn_template): then no refresh is re-checked.
    public let hasSearchingIdentity: Bool

    let hosts: DirectoryHosts
    let reader: PersonReader
    let groups: GroupFinder
    let userFilter: FilterTemplate
    let bindDN: DNTemplate?
    let userBase: DistinguishedName?
    let dnCache: DNCache?
    let policies = PasswordPolicyFinder()
    let rechecks = RecheckFlights()
    let wallClock: any WallClock
    let phases: any PhaseSink
    let refusals: ServiceRefusals
    let log: Logger

    /// A directory that has asked nobody yet.
    ///
    /// - Parameter phases: told how long searches, binds and groups took.
    /// - Throws: `DirectorySettingsError`, naming the key that cannot work.
    public convenience init(
        settings: DirectorySettings,
        poller: EventPoller,
        pool: BlockingPool,
        logger: Logger,
        phases: any PhaseSink = NoPhases()
    ) throws(DirectorySettingsError) {
        let roster = HostRoster()
        // The hosts share their accounts, and so what is known of refusals.
        let kind = settings.kind
        let refusals = ServiceRefusals { response in
            response.resultCode == .invalidCredentials && BindVerdict(response, kind: kind).isGuess
        }
        let log = ServiceAccountLog(Self.logger(logger, settings))
        let make: @Sendable (LDAPHostSettings) -> any DirectoryHost = { settings in
            LDAPHost(settings: settings, poller: poller, pool: pool, logger: logger, refusals: refusals) {
                [weak roster] event in
                switch event {
                case .lost: roster?.lost(settings.url)
                case .serviceRefused(let refusal): log.refused(refusal, host: "\(settings.url)")
                case .serviceAccepted(let dn, let position):
                    log.accepted(dn: dn, position: position, host: "\(settings.url)")
                default: break
                }
            }
        }
        try self.init(
            settings: settings,
            hosts: settings.hosts.map(make),
            logger: logger,
            phases: phases,
            roster: roster,
            refusals: refusals,
            make: make,
            lookUp: { (name, deadline) async throws(LDAPError) in
                try await LDAPServiceRecords.look(up: name, deadline: deadline, on: poller)
            }
        )
    }

    /// - Parameters:
    ///   - hosts: one for each of `settings.hosts`.
    ///   - make: called for each host that the DNS names.
    init(
        settings: DirectorySettings,
        hosts: [any DirectoryHost],
        logger: Logger,
        phases: any PhaseSink = NoPhases(),
        wallClock: any WallClock = SystemWallClock(),
        roster: HostRoster = HostRoster(),
        refusals: ServiceRefusals = ServiceRefusals(),
        make: (@Sendable (LDAPHostSettings) -> any DirectoryHost)? = nil,
        lookUp: @escaping HostDiscovery.Lookup = { (name, _) throws(LDAPError) in
            throw LDAPError(.nameResolution, "\(name): nobody was asked")
        }
    ) throws(DirectorySettingsError) {
        try Self.check(settings)
        self.settings = settings
        hasSearchingIdentity = settings.hostSettings.contains { !$0.serviceIdentities.isEmpty }
        self.wallClock = wallClock
        self.phases = phases
        self.refusals = refusals
        log = Self.logger(logger, settings)
        groups = try GroupFinder(settings.groups, kind: settings.kind)
        reader = PersonReader(settings, matchers: groups.matchers, wallClock: wallClock)
        userFilter = try FilterTemplate(settings.userFilter ?? settings.kind.defaults.userFilter, key: "user_filter")
        bindDN = if let text = settings.bindDNTemplate { try DNTemplate(text, key: "bind_dn_template") } else { nil }
        if settings.userBase.isEmpty {
            userBase = nil
        } else {
            do throws(LDAPError) { userBase = try DistinguishedName(settings.userBase) } catch {
                throw DirectorySettingsError(.invalid, key: "user_base", error.message)
            }
        }
        dnCache = settings.dnCache > .zero && bindDN == nil ? DNCache(lifetime: settings.dnCache) : nil
        roster.add(
            zip(hosts, hosts.indices).map { host, index in
                HostRoster.Addition(host: host, rank: HostRank(place: settings.place(ofHost: index)))
            }
        )
        let discoveries = settings.discoveries.indices.map {
            (place: settings.place(ofDiscovery: $0), discovery: settings.discoveries[$0])
        }
        self.hosts = DirectoryHosts(
            HostKeeper(
                roster: roster,
                discoveries: discoveries,
                lookUp: lookUp,
                make: make,
                logger: log
            )
        )
    }

    private static func logger(_ logger: Logger, _ settings: DirectorySettings) -> Logger {
        var logger = logger
        logger[metadataKey: "directory"] = "\(settings.name)"
        return logger
    }

    /// Checks a directory's settings without making anything, for a command that only reads the configuration.
    ///
    /// - Throws: `DirectorySettingsError`, naming the key that cannot work.
    public static func validate(_ settings: DirectorySettings) throws(DirectorySettingsError) {
        _ = try Directory(settings: settings, hosts: [], logger: Logger(label: "directory"))
    }

    private static func check(_ settings: DirectorySettings) throws(DirectorySettingsError) {
        if settings.userBase.isEmpty, settings.bindDNTemplate == nil {
            throw DirectorySettingsError(
                .missing,
                key: "user_base",
                "say where people are, like ou=people,dc=example,dc=org"
            )
        }
        let hasSearcher = settings.hostSettings.contains { !$0.serviceIdentities.isEmpty }
        if settings.bindDNTemplate == nil, !settings.hostSettings.isEmpty, !hasSearcher {
            throw DirectorySettingsError(
                .missing,
                key: "bind_dn",
                "people cannot be searched without an identity to search as"
            )
        }
        let attributes = settings.attributes
        let named: [(key: String, name: String?)] = [
            ("id", attributes.id), ("username", attributes.username), ("first_name", attributes.firstName),
            ("last_name", attributes.lastName), ("display_name", attributes.displayName), ("email", attributes.email),
            ("user_id", attributes.userID),
        ]
        for (key, name) in named {
            guard let name, !AttributeName.isValid(name) else { continue }
            throw DirectorySettingsError(.invalid, key: "attributes.\(key)", "“\(name)” is no attribute")
        }
    }

    /// The LDAPServerId.
    public var id: SourceID { settings.id }

    /// The configured name.
    public var name: String { settings.name }

    /// Domains that belong here.
    public var domains: [String] { settings.domains }

    /// True for kind `active-directory`.
    public var isActiveDirectory: Bool { settings.kind == .activeDirectory }

    /// How its hosts are doing, as far as requests and probes have shown.
    public var status: DirectoryStatus {
        DirectoryStatus(
            id: id,
            name: name,
            hosts: hosts.roster.snapshot(),
            discoveryError: hosts.keeper.discoveryError
        )
    }

    /// Begins to look after the hosts before anybody asks them: probes, DNS look-ups, passwords that change. Without it
    /// that begins with the first request.
    public func start() {
        hosts.keeper.start()
    }

    /// Tries refused service accounts once more, though they were refused a moment ago: somebody says that they were mended.
    public func retryServiceAccounts() {
        refusals.retryNow()
        hosts.keeper.retryServiceNow()
    }

    /// What the connections to each host are doing now, by its URL, in order of preference.
    public var statistics: [(url: String, connections: LDAPHostStatistics)] {
        get async {
            var result: [(url: String, connections: LDAPHostStatistics)] = []
            for host in hosts.roster.hosts { result.append((host.settings.url.description, await host.statistics)) }
            return result
        }
    }

    /// Closes every connection; what is under way ends as unavailable.
    public func shutdown() async {
        await hosts.keeper.stop()
        for host in hosts.roster.hosts { await host.shutdown() }
    }
}
