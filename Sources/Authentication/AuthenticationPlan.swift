/// Who is asked for one login, in which order, and what follows what: worked out before anybody is asked.
///
/// It knows two turnings only, "unknown here" and "did not answer". Every other answer ends the login.
struct AuthenticationPlan: Sendable, Hashable {
    /// One source and the indices of the steps that follow it; nil ends the login.
    struct Step: Sendable, Hashable {
        var source: SourceID
        /// True for the local accounts behind a directory that owns the name's domain: it has done its work by choosing
        /// the directory, and local accounts are known by the name alone.
        var isWithoutDomain = false
        var afterUnknown: Int?
        var afterOutage: Int?
    }

    /// What the plan needs to know of a directory.
    struct Directory: Sendable, Hashable {
        let id: SourceID
        let isActiveDirectory: Bool
        /// Folded once, not at every login.
        private let domains: Set<String>

        init(id: SourceID, domains: [String] = [], isActiveDirectory: Bool = false) {
            self.id = id
            self.isActiveDirectory = isActiveDirectory
            self.domains = Set(domains.map(UsernameFolding.fold))
        }

        func owns(_ foldedDomain: String?) -> Bool {
            foldedDomain.map(domains.contains) ?? false
        }
    }

    /// Begins with the first; empty when nobody may be asked, and the user is unknown.
    var steps: [Step]

    /// True when the name's domain has chosen whom to ask, and is no part of the name any more.
    private(set) var choosesByDomain = false

    /// All who may be asked, each once, in ascending order: what a refusal is compared with, and counted for.
    var sources: [SourceID] {
        var sources: [SourceID] = []
        for step in steps where !sources.contains(step.source) { sources.append(step.source) }
        return sources.sorted()
    }

    /// The plan for a person known already.
    init(only source: SourceID) {
        steps = [Step(source: source)]
    }

    /// The plan for a login.
    ///
    /// - Parameters:
    ///   - sources: the client's; empty when it is not restricted.
    ///   - directories: all that are configured, in the order of the configuration.
    init(
        _ selection: AuthenticationRequest.Selection,
        name: LoginName,
        sources: [SourceID],
        directories: [Directory],
        settings: AuthenticationSettings
    ) {
        let allowed = Self.allowed(directories, sources)
        let mayUseLocal = sources.isEmpty || sources.contains(.local)
        let domain = name.domain.map(UsernameFolding.fold)
        let isOthers = { (asked: [Directory]) in
            !asked.contains { $0.owns(domain) } && directories.contains { $0.owns(domain) }
        }
        choosesByDomain = directories.contains { $0.owns(domain) }
        switch selection {
        case .directory(.local):
            steps = mayUseLocal ? [Step(source: .local)] : []
        case .directory(let id):
            let named = allowed.filter { $0.id == id }
            // A name of another directory's domain is unknown here and not even asked for: with bind_dn_template the
            // question itself would show one directory the password of another one's people.
            guard !isOthers(named) else {
                steps = mayUseLocal && settings.fallbackToLocal.contains(.unknownUser) ? [Step(source: .local)] : []
                return
            }
            steps = Self.named(
                named,
                thenLocal: mayUseLocal,
                withoutDomain: named.contains { $0.owns(domain) },
                settings
            )
        case .windows:
            let asked = isOthers(allowed) ? [] : Self.windows(allowed, domain, name.form)
            steps = Self.named(asked, thenLocal: false, withoutDomain: false, settings)
        case .unnamed:
            let named = allowed.filter { $0.owns(domain) }
            if named.isEmpty {
                let order = Self.withoutRepeats(sources.isEmpty ? settings.order : sources)
                // As above: people of a domain that no directory of this client owns are asked for nowhere but here.
                let known = isOthers(allowed) ? [.local] : Set(directories.map(\.id) + [.local])
                steps = Self.ordered(order.filter(known.contains), settings)
            } else {
                steps = Self.named(named, thenLocal: mayUseLocal, withoutDomain: true, settings)
            }
        }
    }

    /// Directories the client may use: in the order of its `sources`, or all as they are configured.
    private static func allowed(_ directories: [Directory], _ sources: [SourceID]) -> [Directory] {
        guard !sources.isEmpty else { return directories }
        return withoutRepeats(sources).compactMap { id in directories.first { $0.id == id } }
    }

    /// Directories of kind active-directory for a name. A domain chooses among them; `OTHER\alice` with an unlisted one
    /// is nobody. `alice@other.example` may be a user principal name of its own suffix and is asked for as it stands.
    private static func windows(
        _ allowed: [Directory],
        _ domain: String?,
        _ form: LoginName.Form
    ) -> [Directory] {
        let candidates = allowed.filter(\.isActiveDirectory)
        let named = candidates.filter { $0.owns(domain) }
        return named.isEmpty && form != .downLevel ? candidates : named
    }

    /// Directories that were named, by id or by domain, and the local accounts behind them by `fallback_to_local`.
    private static func named(
        _ directories: [Directory],
        thenLocal: Bool,
        withoutDomain: Bool,
        _ settings: AuthenticationSettings
    ) -> [Step] {
        guard !directories.isEmpty else { return [] }
        let local = directories.count
        let afterUnknown = thenLocal && settings.fallbackToLocal.contains(.unknownUser) ? local : nil
        let afterOutage = thenLocal && settings.fallbackToLocal.contains(.directoryUnavailable) ? local : nil
        var steps = directories.indices.map { index in
            let next = index + 1 < local ? index + 1 : nil
            return Step(
                source: directories[index].id,
                afterUnknown: next ?? afterUnknown,
                afterOutage: (settings.orderPastOutage ? next : nil) ?? afterOutage
            )
        }
        if afterUnknown != nil || afterOutage != nil {
            steps.append(Step(source: .local, isWithoutDomain: withoutDomain))
        }
        return steps
    }

    /// Nobody was named: unknown here → the next; down → only the local accounts, or the next with `order_past_outage`.
    private static func ordered(_ order: [SourceID], _ settings: AuthenticationSettings) -> [Step] {
        let local = order.firstIndex(of: .local) ?? -1
        var steps = order.indices.map { index in
            let next = index + 1 < order.count ? index + 1 : nil
            // Behind the order stands a last step of its own: local accounts after an outage, and nobody after them.
            let lastResort = index < local ? order.count : nil
            return Step(
                source: order[index],
                afterUnknown: next,
                afterOutage: settings.orderPastOutage ? next : lastResort
            )
        }
        if local > 0, !settings.orderPastOutage { steps.append(Step(source: .local)) }
        return steps
    }

    private static func withoutRepeats(_ sources: [SourceID]) -> [SourceID] {
        var seen: Set<SourceID> = []
        return sources.filter { seen.insert($0).inserted }
    }
}
