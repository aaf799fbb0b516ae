/// Values that a server hands out in parts are put together, so that an entry is always whole.
extension LDAPConnection {
    /// The entries with the rest of every attribute that came in part, each part asked for in turn.
    ///
    /// A caller that asks for a range gets what it asked for.
    /// - Parameter room: memory that the rest may take, in octets.
    /// - Throws: `.result` when a part does not join the one before; `.responseTooLarge` without room.
    func completingRanges(
        of result: SearchResult,
        _ request: SearchRequest,
        room: Int,
        deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> SearchResult {
        guard result.entries.contains(where: Self.isPartial),
            !request.attributes.contains(where: { ValueRange(attribute: $0) != nil })
        else { return result }
        var whole = result
        var room = room
        for index in whole.entries.indices where Self.isPartial(whole.entries[index]) {
            whole.entries[index] = try await complete(whole.entries[index], &room, deadline)
        }
        return whole
    }

    private static func isPartial(_ entry: LDAPEntry) -> Bool {
        entry.attributes.contains { ValueRange(attribute: $0.name) != nil }
    }

    private func complete(
        _ entry: LDAPEntry,
        _ room: inout Int,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> LDAPEntry {
        var attributes: [(name: String, values: [[UInt8]])] = []
        for (name, values) in entry.attributes {
            guard let range = ValueRange(attribute: name) else {
                // Beside the part stands the attribute itself, without a value.
                if !values.isEmpty { attributes.append((name, values)) }
                continue
            }
            var whole = values
            var last = range.last
            guard range.first == 0 else { throw gap(range.attribute, 0) }
            while let reached = last {
                let part = try await part(of: range.attribute, from: reached + 1, entry.dn, &room, deadline)
                whole += part.values
                last = part.last
            }
            attributes.append((range.attribute, whole))
        }
        return LDAPEntry(dn: entry.dn, attributes: attributes)
    }

    private func part(
        of attribute: String,
        from first: Int,
        _ dn: String,
        _ room: inout Int,
        _ deadline: ContinuousClock.Instant
    ) async throws(LDAPError) -> (values: [[UInt8]], last: Int?) {
        let request = SearchRequest(
            base: dn,
            scope: .base,
            attributes: [ValueRange.request(attribute, from: first)]
        )
        let reply = try await page(request, [], SearchResult(entries: []), room, deadline)
        room -= reply.entries.reduce(0) { $0 + $1.footprint }
        let entries = try result(of: reply, request, SearchResult(entries: [])).0.entries
        for (name, values) in entries.first?.attributes ?? [] {
            guard let range = ValueRange(attribute: name), range.first == first,
                range.attribute.lowercased() == attribute.lowercased()
            else { continue }
            // Every part has to bring something, or this would never end.
            guard range.last == nil || !values.isEmpty else { break }
            return (values, range.last)
        }
        throw gap(attribute, first)
    }

    /// Half an answer is none: groups would be missing, and nobody would know.
    private func gap(_ attribute: String, _ first: Int) -> LDAPError {
        LDAPError(
            .result,
            "\(place): the server hands out \(attribute) in parts, but not the part from value \(first) on",
            requestWasWritten: true
        )
    }
}
