import DirectoryAuth
import EventPoller
import Glibc
import Negotiate
import Tokens

/// What `check` looks at for Windows sign-on: the keys in the keytab, and whether they are the ones tickets are made with.
struct KerberosChecks {
    /// How long a KDC may take.
    private static let patience = Duration.seconds(10)

    let configuration: Configuration
    let directories: [DirectoryAuth.Directory]
    let poller: EventPoller
    let pools: Pools

    /// Takes every look; nothing without a keytab.
    func steps() async -> [CheckStep] {
        guard let file = configuration.kerberos.keytab else { return [] }
        let keytab = Keytab(path: file.path ?? file.candidates[0])
        let entries: [KeytabEntry]
        do throws(NegotiateError) {
            entries = try keytab.entries()
        } catch {
            let remedy = "make it, and let the service's user read it: chgrp ldapauthd FILE; chmod 0640 FILE"
            return [CheckStep("keytab", .failed, .zero, error.message, remedy: remedy)]
        }
        let keys = KeytabKeys(entries)
        let service = configuration.kerberos.service
        let ours = keys.principals.filter { $0.hasPrefix("\(service)/") }
        guard !ours.isEmpty else {
            let message = "\(keytab.path) has no key for \(service)/\(wantedHosts.first ?? "HOST"); it has \(keys)"
            return [CheckStep("keytab", .failed, .zero, message, remedy: Self.howToMake)]
        }
        var steps = [CheckStep("keytab", .passed, .zero, "\(keytab.path): \(keys)")]
        steps += wantedHosts.compactMap { missing($0, ours, keys) }
        steps += ours.compactMap(unknownRealm)
        for principal in ours { steps.append(await version(of: principal, keytab, keys)) }
        return steps
    }

    private static let howToMake = "docs/windows-sign-on.md shows how a keytab is made"

    /// The names clients use in their addresses, and so in their tickets: that of `tokens.issuer`, unless it is a number.
    private var wantedHosts: [String] {
        let issuer = configuration.tokens.issuer
        guard let scheme = issuer.range(of: "://") else { return [] }
        let host = issuer[scheme.upperBound...].prefix { $0 != "/" && $0 != ":" }
        let isNumeric = host.hasPrefix("[") || host.allSatisfy { $0.isNumber || $0 == "." }
        return host.isEmpty || isNumeric ? [] : [host.lowercased()]
    }

    private func missing(_ host: String, _ ours: [String], _ keys: KeytabKeys) -> CheckStep? {
        let wanted = "\(configuration.kerberos.service)/\(host)"
        guard !ours.contains(where: { $0.lowercased().hasPrefix(wanted.lowercased() + "@") }) else { return nil }
        let message =
            "there is no key for \(wanted), which clients of \(configuration.tokens.issuer) ask tickets for; there is \(keys)"
        return CheckStep("keytab", .failed, .zero, message, remedy: Self.howToMake)
    }

    private func unknownRealm(_ principal: String) -> CheckStep? {
        guard let realm = KerberosPrincipal(principal)?.realm else { return nil }
        let isKnown = configuration.directories.contains { directory in
            directory.domains.contains { $0.lowercased() == realm.lowercased() }
        }
        guard !isKnown else { return nil }
        return CheckStep(
            "realm",
            .warning,
            .zero,
            "no [[directory]] has “\(realm)” among its domains, so nobody of that realm is found",
            remedy: "add it to domains of the directory that has these people"
        )
    }

    /// Compares the newest key of the keytab with what the KDC uses, as far as either side tells.
    private func version(of principal: String, _ keytab: Keytab, _ keys: KeytabKeys) async -> CheckStep {
        let begun = ContinuousClock.now
        let here = keys.versions(of: principal)
        func step(_ verdict: CheckStep.Verdict, _ message: String, _ remedy: String? = nil) -> CheckStep {
            CheckStep("key version", verdict, .now - begun, message, remedy: remedy)
        }
        let renew = "the key was changed after the keytab was made: \(Self.howToMake)"
        let answer = await atKDC(principal, keytab)
        switch answer {
        case .success(let version):
            if here.contains(version) { return step(.passed, "\(principal): version \(version), as at the KDC") }
            return step(
                .failed,
                "\(principal): the KDC has version \(version), the keytab \(KeytabKeys.list(here))",
                renew
            )
        case .failure(let error) where error.code == .wrongKey:
            return step(.failed, "\(error.message); the keytab has version \(KeytabKeys.list(here))", renew)
        case .failure(let error):
            // Active Directory gives no tickets to service principals; there the account's attribute tells.
            guard let version = await inDirectory(principal) else {
                return step(.warning, "\(principal): version not compared: \(error.message)", nil)
            }
            if here.contains(version) { return step(.passed, "\(principal): version \(version), as in the directory") }
            return step(
                .failed,
                "\(principal): the directory has version \(version), the keytab \(KeytabKeys.list(here))",
                renew
            )
        }
    }

    private func atKDC(_ principal: String, _ keytab: Keytab) async -> Result<Int, NegotiateError> {
        do throws(BlockingPool.GivenUp) {
            return try await pools.tickets.run(until: .now + Self.patience, on: poller) {
                Result { () throws(NegotiateError) in try keytab.versionAtKDC(of: principal) }
            }
        } catch {
            return .failure(.silentKDC)
        }
    }

    private func inDirectory(_ principal: String) async -> Int? {
        guard let name = principal.split(separator: "@").first else { return nil }
        for directory in directories where directory.isActiveDirectory {
            let deadline = ContinuousClock.now + Self.patience
            if let version = await directory.keyVersion(ofService: String(name), deadline: deadline) { return version }
        }
        return nil
    }
}

/// The keys of a keytab by principal, each with its versions.
private struct KeytabKeys: CustomStringConvertible {
    private let keys: [String: Set<Int>]

    init(_ entries: [KeytabEntry]) {
        keys = entries.reduce(into: [:]) { $0[$1.principal, default: []].insert($1.version) }
    }

    var principals: [String] { keys.keys.sorted() }

    func versions(of principal: String) -> [Int] { (keys[principal] ?? []).sorted() }

    static func list(_ versions: [Int]) -> String { versions.map(String.init).joined(separator: ", ") }

    var description: String {
        guard !keys.isEmpty else { return "no key at all" }
        return principals.map { "\($0) (version \(Self.list(versions(of: $0))))" }.joined(separator: ", ")
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? {
        var index = startIndex
        while index != endIndex {
            if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
            formIndex(after: &index)
        }
        return nil
    }
}
