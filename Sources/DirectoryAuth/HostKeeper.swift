internal import Authentication
internal import LDAPClient
internal import Logging
internal import Synchronization

/// What is done for a directory's hosts while nobody asks: probes, look-ups in the DNS, and passwords that change.
///
/// It starts with the first request, or when it is told to, and ends with `stop()`. One loop finds out what is due; each
/// piece of work is a task of its own with deadlines inside, at most one of a kind and host at a time.
final class HostKeeper: Sendable {
    /// A host of which nothing was heard for so long is looked at.
    static let silence = Duration.seconds(10)
    /// How often passwords of service accounts are looked at.
    static let passwordPause = Duration.seconds(2)
    /// How often hosts that refuse the account are asked again; `ServiceRefusals` decides whether anything is sent.
    static let refusalPause = Duration.seconds(5)

    /// One `srv:` URL.
    private struct Place {
        var due: ContinuousClock.Instant?
        var failures = 0
        var error: String?
    }

    private struct State {
        var loop: Task<Void, Never>?
        var isStopped = false
        var tasks: [String: Task<Void, Never>] = [:]
        var lastProbe = 0
        var places: [Place]
        var passwords: Int?
        var passwordsDue: ContinuousClock.Instant?
        var refusalsDue: ContinuousClock.Instant?
    }

    let roster: HostRoster
    private let discoveries: [(place: Int, discovery: HostDiscovery)]
    private let lookUp: HostDiscovery.Lookup
    private let make: (@Sendable (LDAPHostSettings) -> any DirectoryHost)?
    private let logger: Logger
    private let state: Mutex<State>
    /// Before the loop's next turn; it ends sooner when a host is in doubt.
    private let pause = Pause()
    /// Asked by every request, so that the lock is not.
    private let hasStarted = Atomic(false)

    init(
        roster: HostRoster,
        discoveries: [(place: Int, discovery: HostDiscovery)],
        lookUp: @escaping HostDiscovery.Lookup,
        make: (@Sendable (LDAPHostSettings) -> any DirectoryHost)?,
        logger: Logger
    ) {
        self.roster = roster
        self.discoveries = discoveries
        self.lookUp = lookUp
        self.make = make
        self.logger = logger
        state = Mutex(State(places: Array(repeating: Place(), count: discoveries.count)))
        roster.whenInDoubt { [pause] in pause.end() }
    }

    deinit {
        state.withLock { state in
            state.loop?.cancel()
            for task in state.tasks.values { task.cancel() }
        }
    }

    /// Why the DNS names no hosts; nil when it does.
    var discoveryError: String? { state.withLock { $0.places.compactMap(\.error).first } }

    // MARK: the loop

    /// Begins, where it has not begun.
    func start() {
        guard !hasStarted.load(ordering: .relaxed) else { return }
        hasStarted.store(true, ordering: .relaxed)
        state.withLock { state in
            guard state.loop == nil, !state.isStopped else { return }
            state.loop = Task { [weak self, pause] in
                while !Task.isCancelled, let next = self?.turn() { await pause.wait(until: next) }
            }
        }
    }

    /// Ends; waits for what is under way, which is cancelled.
    func stop() async {
        let tasks = state.withLock { state -> [Task<Void, Never>] in
            state.isStopped = true
            let all = Array(state.tasks.values) + [state.loop].compactMap { $0 }
            state.loop = nil
            return all
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    /// Begins what is due.
    /// - Returns: when the next turn is.
    private func turn(now: ContinuousClock.Instant = .now) -> ContinuousClock.Instant {
        for candidate in roster.takeProbes(silence: Self.silence, now: now) {
            // Several of one host may be under way; the breaker bounds them.
            let number = state.withLock { state in
                state.lastProbe += 1
                return state.lastProbe
            }
            begin("probe \(number)") {
                await $0.probe(candidate, begun: now)
            } orElse: { [roster] in
                roster.probeAborted(candidate.id)
            }
        }
        for index in discoveries.indices where isDue(index, now) {
            begin("look-up \(index)") { await $0.discover(index) }
        }
        let (watches, retries) = state.withLock { state in
            let watches = state.passwordsDue.map { $0 <= now } ?? true
            if watches { state.passwordsDue = now + Self.passwordPause }
            let retries = state.refusalsDue.map { $0 <= now } ?? true
            if retries { state.refusalsDue = now + Self.refusalPause }
            return (watches, retries)
        }
        if watches { begin("passwords") { await $0.watchPasswords() } }
        if retries, !roster.members(refusingService: true).isEmpty {
            begin("service account") { await $0.retryService() }
        }
        // Hosts that are well need no look every second, and who fails one says so.
        let limit = roster.isAtRest && discoveryError == nil ? Self.passwordPause : .seconds(1)
        let next = roster.nextProbe ?? now + limit
        return min(max(next, now + .milliseconds(10)), now + limit)
    }

    /// Runs a piece of work, unless one of that name is under way.
    private func begin(
        _ name: String,
        _ work: @escaping @Sendable (HostKeeper) async -> Void,
        orElse refuse: () -> Void = {}
    ) {
        let hasBegun = state.withLock { state in
            guard !state.isStopped, state.tasks[name] == nil else { return false }
            state.tasks[name] = Task { [weak self] in
                if let self { await work(self) }
                self?.state.withLock { _ = $0.tasks.removeValue(forKey: name) }
            }
            return true
        }
        if !hasBegun { refuse() }
    }

    // MARK: probes

    private func probe(_ candidate: HostRoster.Candidate, begun: ContinuousClock.Instant) async {
        let settings = candidate.host.settings
        let patience = min(settings.connectTimeout + settings.operationTimeout, HostBreaker.probePatience)
        do throws(LDAPError) {
            try await candidate.host.probe(deadline: begun + patience)
            // Who tries the host next shall not sit on a connection that was lost with it.
            if roster.isDown(candidate.id) { await candidate.host.startAfresh() }
            tell(roster.probeEnded(candidate.id, error: nil, begun: begun), candidate.host, nil)
        } catch {
            // Being too busy ourselves says nothing of the host.
            guard ![.overloaded, .cancelled, .shutDown].contains(error.code) else {
                roster.probeAborted(candidate.id)
                return
            }
            tell(roster.probeEnded(candidate.id, error: error.message, begun: begun), candidate.host, error.message)
        }
    }

    /// Says what changed, and gives up the connections to a host that went down.
    func tell(_ news: HostRoster.News, _ host: any DirectoryHost, _ why: String?) {
        let url = host.settings.url
        switch news.change {
        case .none: break
        case .closed:
            logger.notice("directory host answers again", metadata: ["host": "\(url)"])
        case .opened:
            logger.warning(
                "directory host does not answer",
                metadata: ["host": "\(url)", "error": "\(why ?? "")", "failures": "\(news.failures)"]
            )
            Task { await host.giveUp("the host is left alone after \(news.failures) failures: \(why ?? "")") }
        }
    }

    // MARK: the DNS

    /// Why nobody can be asked.
    var whyNobody: String { roster.isEmpty ? discoveryError ?? roster.whyNobody : roster.whyNobody }

    /// Waits for the first look-up where no host is known yet.
    func awaitHosts() async {
        start()
        guard !discoveries.isEmpty, roster.isEmpty else { return }
        for index in discoveries.indices {
            if isDue(index, .now) { begin("look-up \(index)") { await $0.discover(index) } }
            let task = state.withLock { $0.tasks["look-up \(index)"] }
            await task?.value
            if !roster.isEmpty { return }
        }
    }

    /// Looks a domain up now, for `check`.
    func discoverOnce(_ domain: String) async {
        for index in discoveries.indices where discoveries[index].discovery.domain == domain {
            await discover(index, isSilent: true)
        }
    }

    /// The hosts found for a domain, in order, or why there are none.
    func found(_ domain: String) -> (hosts: String, error: String?) {
        let indices = discoveries.indices.filter { discoveries[$0].discovery.domain == domain }
        let hosts = roster.urls(at: Set(indices.map { discoveries[$0].place })).map(\.description)
        let error = state.withLock { state in indices.compactMap { state.places[$0].error }.first }
        return (hosts.joined(separator: " "), error)
    }

    private func isDue(_ index: Int, _ now: ContinuousClock.Instant) -> Bool {
        state.withLock { $0.places[index].due.map { $0 <= now } ?? true }
    }

    /// - Parameter isSilent: nothing is logged; whoever asked tells what came of it.
    private func discover(_ index: Int, isSilent: Bool = false) async {
        guard let make else { return }
        let (place, discovery) = discoveries[index]
        do throws(LDAPError) {
            let answer = try await discovery.find(lookUp, deadline: .now + .seconds(5))
            let (gone, added) = roster.replace(place: place, with: answer.hosts) { make(discovery.settings($0)) }
            state.withLock { $0.places[index] = Place(due: .now + answer.lifetime) }
            if !isSilent, added > 0 || !gone.isEmpty {
                let names = answer.hosts.map(\.url.description).joined(separator: " ")
                logger.info("directory hosts by DNS", metadata: ["domain": "\(discovery.domain)", "hosts": "\(names)"])
            }
            for host in gone { retire(host) }
        } catch {
            let isFirst = state.withLock { state in
                state.places[index].failures += 1
                // The answer of before stays in use.
                let pause = Duration.seconds(min(state.places[index].failures, 10))
                state.places[index].due = .now + pause
                state.places[index].error = error.message
                return state.places[index].failures == 1
            }
            guard isFirst, !isSilent, !Task.isCancelled else { return }
            let kept = roster.isEmpty ? "" : "; the hosts known stay in use"
            logger.warning(
                "directory hosts cannot be looked up",
                metadata: ["domain": "\(discovery.domain)", "error": "\(error.message)\(kept)"]
            )
        }
    }

    /// Closes a host that the DNS names no more, when what is under way there has had its time.
    private func retire(_ host: any DirectoryHost) {
        let grace = host.settings.connectTimeout + host.settings.operationTimeout
        begin("retire \(ObjectIdentifier(host))") { _ in
            // Cancelled: it is closed at once.
            try? await Task.sleep(for: grace)
            await host.shutdown()
        }
    }

    // MARK: the service account

    /// Notices a password that changed, and puts it to use: a wrong one is told of at once, while the connections made with
    /// the old one still work.
    private func watchPasswords() async {
        guard let host = roster.hosts.first else { return }
        guard let now = await host.servicePasswords(deadline: .now + .seconds(2)) else { return }
        let before = state.withLock { state in
            defer { state.passwords = now }
            return state.passwords
        }
        guard let before, before != now else { return }
        logger.notice("the password of a service account has changed")
        await renewService(roster.members(refusingService: false))
    }

    /// Asks hosts that refuse the account again.
    func retryServiceNow() {
        guard !roster.members(refusingService: true).isEmpty else { return }
        begin("service account") { await $0.retryService() }
    }

    private func retryService() async {
        await renewService(roster.members(refusingService: true))
    }

    private func renewService(_ candidates: [HostRoster.Candidate]) async {
        for candidate in candidates {
            do throws(LDAPError) {
                try await candidate.host.renewService()
                roster.answered(candidate.id, asService: true)
            } catch {
                // One wrong try is enough to know that the password is wrong.
                if error.refusesService { return }
            }
        }
    }
}
