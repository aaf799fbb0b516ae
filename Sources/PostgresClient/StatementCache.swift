/// The statements prepared on one connection, with the types of their parameters.
///
/// A null has no type of its own. The server then infers one from the place of the parameter, and a statement prepared so
/// cannot take a typed value there for sure. So each text has one list of types that only grows: a null fits every type, a
/// value where no type was known makes a new statement that knows it and takes the place of the old one.
struct StatementCache {
    /// What to do for one statement.
    struct Plan: Equatable {
        let name: String
        /// To be prepared before use, with these types.
        var prepare: [UInt32]?
        /// Prepared statements that nobody will use again.
        var drop: [String] = []
    }

    private struct Entry {
        let name: String
        let types: [UInt32]
        var lastUse: UInt64
    }

    private let limit: Int
    private var entries: [String: Entry] = [:]
    private var uses: UInt64 = 0
    private var names: UInt64 = 0

    /// - Parameter limit: texts kept prepared; the one not used for longest makes room.
    init(limit: Int = 256) { self.limit = limit }

    var count: Int { entries.count }

    mutating func plan(_ sql: String, _ values: [PostgresValue]) -> Plan {
        uses += 1
        guard let known = entries[sql], known.types.count == values.count else {
            let old = entries[sql]?.name
            return insert(sql, values.map(\.type), drop: old.map { [$0] } ?? [])
        }
        let fits = zip(values, known.types).allSatisfy { $0.type == 0 || $0.type == $1 }
        if fits {
            entries[sql]?.lastUse = uses
            return Plan(name: known.name)
        }
        let types = zip(values, known.types).map { $0.type == 0 ? $1 : $0.type }
        return insert(sql, types, drop: [known.name])
    }

    /// Forgets a statement that could not be prepared.
    mutating func forget(_ name: String) {
        for (sql, entry) in entries where entry.name == name { entries[sql] = nil }
    }

    private mutating func insert(_ sql: String, _ types: [UInt32], drop: [String]) -> Plan {
        var drop = drop
        if entries[sql] == nil, entries.count >= limit,
            let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
        {
            entries[oldest.key] = nil
            drop.append(oldest.value.name)
        }
        names += 1
        let entry = Entry(name: "s\(names)", types: types, lastUse: uses)
        entries[sql] = entry
        return Plan(name: entry.name, prepare: types, drop: drop)
    }
}
