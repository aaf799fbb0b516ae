internal import Authentication
internal import LDAPClient

/// The steps of a `DirectoryProbe` on one host.
struct HostProbe: Sendable {
    typealias Step = DirectoryProbe.Step

    let directory: Directory
    let host: any DirectoryHost
    let deadline: ContinuousClock.Instant

    var settings: DirectorySettings { directory.settings }

    /// What a step found, before it is timed.
    struct Finding {
        var verdict: Step.Verdict
        var message: String
        var remedy: String?
        var groups: [String]?

        init(_ verdict: Step.Verdict, _ message: String, _ remedy: String? = nil) {
            self.verdict = verdict
            self.message = message
            self.remedy = remedy
        }
    }

    func skipped(_ name: Step.Name, _ why: String) -> Step {
        Step(host: "\(host.settings.url)", name: name, verdict: .skipped, duration: .zero, message: why, remedy: nil)
    }

    /// Everything up to the root DSE and the clock; the last step says whether there is a connection to go on with.
    func connection() async -> ([Step], RootDSE?) {
        var steps = await host.connectSteps(deadline: deadline)
        guard steps.last?.verdict != .failed else { return (steps, nil) }
        let begun = directory.wallClock.now().seconds
        let (step, root) = await rootDSE()
        steps.append(step)
        guard step.verdict != .failed, let root, let time = root.currentTime else { return (steps, root) }
        steps.append(clock(time, between: begun, and: directory.wallClock.now().seconds))
        return (steps, root)
    }

    /// Seconds a clock may be wrong: Kerberos allows 300, and what is wrong by more than this is not kept at all.
    private static let clockTolerance: Int64 = 60

    /// The server's time lies between the moments at which it was asked and heard.
    private func clock(_ time: Int64, between begun: Int64, and ended: Int64) -> Step {
        let skew = time < begun ? begun - time : time > ended ? ended - time : 0
        var step = Step(
            host: "\(host.settings.url)",
            name: .clock,
            verdict: .passed,
            duration: .zero,
            message: "this machine and the server agree" + (skew == 0 ? "" : " to \(abs(skew)) s"),
            remedy: nil
        )
        guard abs(skew) > Self.clockTolerance else { return step }
        step.verdict = .warning
        step.message = "this machine's clock is \(abs(skew)) s \(skew > 0 ? "ahead of" : "behind") the server's"
        step.remedy = "let both follow a time server (timedatectl): tokens and certificates end by the clock"
        return step
    }

    private func rootDSE() async -> (Step, RootDSE?) {
        var seen: RootDSE?
        let step = await step(.rootDSE) { (deadline) throws(LDAPError) in
            let root: RootDSE
            do throws(LDAPError) {
                root = try await host.rootDSE(deadline: deadline)
                seen = root
            } catch {
                // Binds work all the same; only probing an idle connection, and this look, need it.
                guard error.code == .result else { throw error }
                return Finding(
                    .warning,
                    "the root DSE may not be read as this identity",
                    "allow it to be read by anybody, as RFC 4512 §5.1 has it"
                )
            }
            let suffixes = root.namingContexts.isEmpty ? "none shown" : root.namingContexts.joined(separator: " ")
            let message = (KindFit.name(of: root).map { "\($0); " } ?? "") + "suffixes: \(suffixes)"
            let remedy = KindFit.remedy(settings.kind, root)
            return Finding(remedy == nil ? .passed : .warning, message, remedy)
        }
        return (step, seen)
    }

    func userBase() async -> Step {
        guard !settings.userBase.isEmpty else { return skipped(.userBase, "no user_base is set") }
        return await base(.userBase, settings.userBase, key: "user_base")
    }

    func groupsBase() async -> Step {
        guard settings.groups.mode != .none, let base = settings.groups.base else {
            return skipped(.groupsBase, "no groups are asked for")
        }
        return await self.base(.groupsBase, base, key: "groups.base")
    }

    private func base(_ name: Step.Name, _ dn: String, key: String) async -> Step {
        await step(name) { (deadline) throws(LDAPError) in
            do throws(LDAPError) {
                // "1.1" asks for no attributes (RFC 4511 §4.5.1.8).
                let request = SearchRequest(base: dn, scope: .base, attributes: ["1.1"])
                guard try await host.search(request, deadline: deadline).entries.isEmpty else {
                    return Finding(.passed, dn)
                }
                return Finding(.failed, "\(dn) cannot be read", "give the service account the right to read it")
            } catch {
                guard error.resultCode == .noSuchObject else { throw error }
                return Finding(
                    .failed,
                    "\(dn) does not exist, or may not be seen",
                    "check the spelling of \(key), and the service account's right to read it"
                )
            }
        }
    }

    func sampleUser(_ username: String?) async -> (Step, Person?) {
        guard directory.userBase != nil else { return (skipped(.sampleUser, "no user_base is set"), nil) }
        var sample: Person?
        let step = await step(.sampleUser) { (deadline) throws(LDAPError) in
            var filter = directory.userFilter.eligibility
            if let username {
                guard let names = UserNames(username, domains: settings.domains, stripDomain: settings.stripDomain)
                else {
                    return Finding(
                        .failed,
                        "“\(LogText.escaped(username))” can be nobody's name",
                        "give a name of 1 to \(UserNames.lengthLimit) octets without NUL"
                    )
                }
                filter = directory.userFilter.filter(for: names)
            }
            let request = SearchRequest(
                base: settings.userBase,
                scope: settings.userScope,
                filter: filter,
                attributes: directory.reader.requested,
                sizeLimit: username == nil ? 1 : 2
            )
            let entries = try await host.search(request, deadline: deadline).entries
            guard let entry = entries.first else { return nobody(username) }
            guard entries.count == 1 else {
                let both = entries.map(\.dn).joined(separator: " and ")
                return Finding(
                    .failed,
                    "more than one entry matches: \(both)",
                    "make user_filter or user_base narrower"
                )
            }
            do throws(PersonReader.Unusable) {
                let person = try directory.reader.person(entry)
                sample = person
                let lone =
                    directory.reader.readsPrimaryGroup && person.primaryGroup == nil
                    ? "; it has no primaryGroupID and objectSid that we may read: that group is left out" : ""
                return Finding(.passed, "\(person.username) is \(entry.dn)\(lone)")
            } catch {
                return Finding(
                    .failed,
                    error.detail,
                    "check [directory.attributes] and the service account's right to read that attribute"
                )
            }
        }
        return (step, sample)
    }

    func groups(of person: Person?) async -> Step {
        guard settings.groups.mode != .none else { return skipped(.groups, "no groups are asked for") }
        guard let person else { return skipped(.groups, "nobody was found whose groups could be looked for") }
        return await step(.groups) { (deadline) throws(LDAPError) in
            let names = try await directory.groups.groups(of: person, by: host, deadline: deadline)
            let list = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "")
            let number = names.count == 1 ? "1 group" : "\(names.count) groups"
            var finding = Finding(.passed, "\(person.username) is in \(number)\(names.isEmpty ? "" : ": \(list)")")
            finding.groups = names
            return finding
        }
    }

    private func nobody(_ username: String?) -> Finding {
        if let username {
            return Finding(
                .warning,
                "nobody is called “\(LogText.escaped(username))” below \(settings.userBase)",
                "check the name, user_filter and user_scope"
            )
        }
        return Finding(
            .warning,
            "nobody below \(settings.userBase) matches user_filter",
            "check user_filter and user_scope, and what the service account may see"
        )
    }

    func sampleGroup() async -> Step {
        guard settings.groups.mode != .none, let base = settings.groups.base else {
            return skipped(.sampleGroup, "no groups are asked for")
        }
        return await step(.sampleGroup) { (deadline) throws(LDAPError) in
            let request = SearchRequest(
                base: base,
                filter: try LDAPFilter(parsing: settings.groups.filter),
                attributes: [settings.groups.name],
                sizeLimit: 1
            )
            guard let entry = try await host.search(request, deadline: deadline).entries.first else {
                return Finding(.warning, "no group below \(base) matches groups.filter", "check groups.filter")
            }
            guard let name = entry.text(settings.groups.name) else {
                return Finding(
                    .failed,
                    "\(entry.dn) has no attribute \(settings.groups.name) that we may read",
                    "check groups.name and the service account's right to read it"
                )
            }
            return Finding(.passed, "\(name) is \(entry.dn)")
        }
    }

    func step(
        _ name: Step.Name,
        _ look: (ContinuousClock.Instant) async throws(LDAPError) -> Finding
    ) async -> Step {
        let start = ContinuousClock.now
        let patience = host.settings.connectTimeout + host.settings.operationTimeout
        let finding: Finding
        do throws(LDAPError) {
            finding = try await look(min(deadline, start + patience))
        } catch {
            finding = Finding(.failed, error.message, Self.remedy(error))
        }
        return Step(
            host: "\(host.settings.url)",
            name: name,
            verdict: finding.verdict,
            duration: ContinuousClock.now - start,
            message: finding.message,
            remedy: finding.remedy,
            groups: finding.groups
        )
    }

    /// What an operator does about an error.
    static func remedy(_ error: LDAPError) -> String {
        switch error.code {
        case .nameResolution: "check the host's name in urls, and this machine's DNS"
        case .connect: "check the host and port in urls, that the server runs, and firewalls on the way"
        case .tls: "check ca_file, that the certificate is valid and made out to the name in urls, and min_tls"
        case .connectionLost: "look into the server's log; a port for ldaps:// spoken to as ldap:// does this too"
        case .timeout: "look at the server's load; connect_timeout and operation_timeout say how long is waited"
        case .serviceBind: "check bind_dn and bind_password_file"
        case .overloaded: "try again; service_connections says how many connections there may be"
        case .result: remedy(error.resultCode)
        default: "give the command again; if it stays so, look into the server's log"
        }
    }

    private static func remedy(_ code: LDAPResultCode?) -> String {
        switch code?.rawValue {
        case 1, 50: "the account that searches may not do that: set bind_dn, or give it the right to read"
        case 8, 13: "the server wants encryption: use ldaps:// or start_tls = true"
        case 32: "check the spelling of the base"
        case 3, 4, 11: "the server's limits are too low for this search: narrow it, or raise them for bind_dn"
        case 51, 52: "the server says that it cannot serve now: try again, and look into its log"
        default: "look into the server's log: it refused what every login asks"
        }
    }
}
