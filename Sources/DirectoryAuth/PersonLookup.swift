internal import Authentication
internal import LDAPClient

/// What came of looking for a person.
enum PersonLookup: Sendable {
    case found(Person, LDAPEntry)
    /// Nobody, or more than one, or an entry that cannot be used.
    case refused(Rejection)
}

extension Directory {
    /// Searches by name below the user base.
    func lookUp(_ names: UserNames, deadline: ContinuousClock.Instant) async throws(LDAPError) -> PersonLookup {
        try await search(userFilter.filter(for: names), deadline: deadline) {
            "no entry below \(self.settings.userBase) matches user_filter"
        }
    }

    /// The same, the error as a value, for a task that runs beside a bind.
    func lookUpResult(
        _ names: UserNames,
        deadline: ContinuousClock.Instant
    ) async -> Result<PersonLookup, LDAPError> {
        do throws(LDAPError) { return .success(try await lookUp(names, deadline: deadline)) } catch {
            return .failure(error)
        }
    }

    /// Searches by another filter below the user base, among those who may log in.
    func lookUp(
        _ filter: LDAPFilter,
        deadline: ContinuousClock.Instant,
        nobody: () -> String
    ) async throws(LDAPError) -> PersonLookup {
        try await search(.and([eligibility, filter]), deadline: deadline, nobody: nobody)
    }

    /// Searches by stable id below the user base, for people whose DN has changed.
    func lookUp(stableID: String, deadline: ContinuousClock.Instant) async throws(LDAPError) -> PersonLookup {
        let byID = StableID.filter(stableID, attribute: settings.attributes.id)
        return try await search(.and([eligibility, byID]), deadline: deadline) {
            "no entry below \(self.settings.userBase) has this id and matches user_filter"
        }
    }

    private func search(
        _ filter: LDAPFilter,
        deadline: ContinuousClock.Instant,
        nobody: () -> String
    ) async throws(LDAPError) -> PersonLookup {
        let request = SearchRequest(
            base: settings.userBase,
            scope: settings.userScope,
            filter: filter,
            attributes: reader.requested,
            sizeLimit: 2
        )
        let start = ContinuousClock.now
        defer { phases.record(.search, since: start) }
        let entries = try await hosts.search(request, deadline: deadline).entries
        guard entries.count <= 1 else {
            // Never the first one: it would depend on the server who is let in.
            let detail = "more than one entry matches: " + entries.map(\.dn).joined(separator: " and ")
            return .refused(Rejection(.ambiguousUser, source: id, detail: detail))
        }
        guard let entry = entries.first else { return .refused(Rejection(.unknownUser, source: id, detail: nobody())) }
        return person(entry)
    }

    /// Reads the entry of a known DN; unknown when it is not there or does not match `user_filter` any more.
    func read(
        dn: String,
        by searcher: some DirectorySearching,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> PersonLookup {
        let request = SearchRequest(base: dn, scope: .base, filter: eligibility, attributes: reader.requested)
        let start = ContinuousClock.now
        defer { phases.record(.search, since: start) }
        do throws(LDAPError) {
            guard let entry = try await searcher.search(request, deadline: deadline).entries.first else {
                return .refused(Rejection(.unknownUser, source: id, detail: "\(dn) is not there, or may not be used"))
            }
            return person(entry)
        } catch {
            guard error.resultCode == .noSuchObject else { throw error }
            return .refused(Rejection(.unknownUser, source: id, detail: "\(dn) is not there"))
        }
    }

    /// What everybody who may log in matches, whatever the name.
    private var eligibility: LDAPFilter {
        // With a template the filter counts only when somebody wrote one.
        bindDN != nil && settings.userFilter == nil ? .present(attribute: "objectClass") : userFilter.eligibility
    }

    private func person(_ entry: LDAPEntry) -> PersonLookup {
        do throws(PersonReader.Unusable) {
            return .found(try reader.person(entry), entry)
        } catch {
            return .refused(Rejection(.other, source: id, detail: error.detail))
        }
    }
}
