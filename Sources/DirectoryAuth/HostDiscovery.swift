internal import Glibc
public import LDAPClient

/// Hosts that the DNS names: an `srv:` URL.
///
/// With StartTLS the records of `_ldap._tcp` count. Without it those of `_ldaps._tcp`; where there are none, as in Active
/// Directory, those of `_ldap._tcp`, spoken to over TLS at port 636 instead of 389, or in clear text where that is allowed.
public struct HostDiscovery: Sendable {
    /// The domain in which the service is looked up.
    public var domain: String
    /// How many of `DirectorySettings.hosts` are preferred to what is found.
    public var position: Int
    /// What every host found is set up with; its `url` is replaced.
    public var template: LDAPHostSettings
    /// Passwords may leave this machine in clear text (`allow_cleartext`).
    public var allowsCleartext: Bool

    /// The hosts of a domain.
    public init(domain: String, position: Int, template: LDAPHostSettings, allowsCleartext: Bool = false) {
        self.domain = domain
        self.position = position
        self.template = template
        self.allowsCleartext = allowsCleartext
    }
}

extension HostDiscovery {
    /// A host found.
    struct Found: Sendable, Hashable {
        let url: LDAPURL
        let priority: Int
        let weight: Int
    }

    /// What a look-up brought, and for how long it counts.
    struct Answer: Sendable {
        let hosts: [Found]
        let lifetime: Duration
    }

    /// Looks a name such as `_ldap._tcp.corp.example` up in the DNS.
    typealias Lookup =
        @Sendable (_ name: String, _ deadline: ContinuousClock.Instant) async throws(LDAPError) -> LDAPServiceRecords

    /// Asks the DNS.
    /// - Throws: `.nameResolution` when it does not answer or names nobody.
    func find(_ lookUp: Lookup, deadline: ContinuousClock.Instant) async throws(LDAPError) -> Answer {
        if template.startTLS { return try await find("_ldap._tcp", lookUp, deadline) { plain($0) } }
        let encrypted = try await lookUp("_ldaps._tcp.\(domain)", deadline)
        if !encrypted.records.isEmpty { return answer(encrypted) { Self.ldaps($0.host, $0.port) } }
        return try await find("_ldap._tcp", lookUp, deadline) { record in
            let url = plain(record)
            if allowsCleartext || url.isLoopback { return url }
            return Self.ldaps(record.host, record.port == 389 ? 636 : record.port)
        }
    }

    private func find(
        _ service: String,
        _ lookUp: Lookup,
        _ deadline: ContinuousClock.Instant,
        _ url: (LDAPServiceRecords.Record) -> LDAPURL
    ) async throws(LDAPError) -> Answer {
        let found = try await lookUp("\(service).\(domain)", deadline)
        guard !found.records.isEmpty else {
            let names = template.startTLS ? "_ldap._tcp" : "_ldaps._tcp or _ldap._tcp"
            throw LDAPError(.nameResolution, "srv:\(domain): the DNS has no SRV records \(names).\(domain)")
        }
        return answer(found, url)
    }

    private func answer(_ found: LDAPServiceRecords, _ url: (LDAPServiceRecords.Record) -> LDAPURL) -> Answer {
        var hosts: [Found] = []
        for record in found.records {
            let host = Found(url: url(record), priority: record.priority, weight: record.weight)
            if !hosts.contains(where: { $0.url == host.url }) { hosts.append(host) }
        }
        let lifetime = min(max(found.lifetime, .seconds(5)), .seconds(300))
        return Answer(hosts: Self.chosen(hosts, machine: Self.machine), lifetime: lifetime)
    }

    /// Of each domain so many hosts are connected to and watched: a handful is asked in turn within one login.
    static let limit = 32

    /// All hosts, or where there are too many those of the best priorities. Among those of the priority that is cut a draw by
    /// weight decides, as RFC 2782 has it; it falls alike at each look-up and differently on each machine, so that the nodes
    /// of a service do not all leave the same hosts out.
    static func chosen(_ hosts: [Found], machine: String) -> [Found] {
        guard hosts.count > limit else { return hosts }
        let ranked = hosts.map { host in
            (rank: HostRank(place: 0, priority: host.priority), weight: host.weight, name: "\(host.url)")
        }
        return HostOrder.sorted(ranked, key: machine).prefix(limit).map { hosts[$0] }
    }

    /// This machine's name; empty when it has none.
    private static let machine: String = {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }()

    private func plain(_ record: LDAPServiceRecords.Record) -> LDAPURL {
        LDAPURL(scheme: .ldap, host: record.host, port: record.port)
    }

    private static func ldaps(_ host: String, _ port: Int) -> LDAPURL {
        LDAPURL(scheme: .ldaps, host: host, port: port)
    }

    /// The settings of a host found.
    func settings(_ found: Found) -> LDAPHostSettings {
        var settings = template
        settings.url = found.url
        settings.startTLS = template.startTLS && found.url.scheme == .ldap
        return settings
    }
}
