/// What a request asks for, and so which kind of answer ends it.
enum OperationKind: Sendable, Hashable {
    case bind, search, extended, modify
}

/// What is in flight on one connection: which answer belongs to which caller, and what a search has collected so far.
///
/// Pure: it neither reads nor writes nor waits. `Context` is what the connection needs to wake the caller.
/// An operation leaves the table exactly once, by `finish`, `remove` or `removeAll`; whoever takes it out resumes its caller.
struct OperationTable<Context> {
    typealias ID = UInt64

    /// An object, so that what comes in is added where it is.
    final class Operation {
        let id: ID
        let kind: OperationKind
        let limits: SearchLimits
        let context: Context
        /// Set once libldap has encoded the request: the server may act on it from then on.
        var messageID: Int32?
        var entries: [LDAPEntry] = []
        var references = 0
        var bytes = 0

        init(_ id: ID, _ kind: OperationKind, _ limits: SearchLimits, _ context: Context) {
            self.id = id
            self.kind = kind
            self.limits = limits
            self.context = context
        }
    }

    /// How much of an answer is accepted.
    struct SearchLimits: Equatable {
        /// Entries asked for; 0 for no limit. A server that sends more is cut short.
        var entries = 0
        /// Octets of memory that the entries may take.
        var bytes = Int.max
    }

    /// What to do with an operation after one more entry.
    enum Verdict {
        case goOn
        /// Nobody waits for it: it was abandoned, or never asked for.
        case unknown
        /// There are more entries than asked for; the operation has left the table.
        case enough(Operation)
        /// The answer takes more memory than allowed; the operation has left the table.
        case tooLarge(Operation)
        /// An entry for something that is no search: the peer does not speak LDAP.
        case violation
    }

    private var operations: [ID: Operation] = [:]
    private var byMessage: [Int32: ID] = [:]
    private var lastID: ID = 0

    var count: Int { operations.count }
    var isEmpty: Bool { operations.isEmpty }

    mutating func nextID() -> ID {
        lastID += 1
        return lastID
    }

    mutating func begin(_ id: ID, _ kind: OperationKind, limits: SearchLimits = .init(), context: Context) {
        operations[id] = Operation(id, kind, limits, context)
    }

    func contains(_ id: ID) -> Bool { operations[id] != nil }

    mutating func written(_ id: ID, messageID: Int32) {
        guard let operation = operations[id] else { return }
        operation.messageID = messageID
        byMessage[messageID] = id
    }

    mutating func received(_ entry: LDAPEntry, for messageID: Int32) -> Verdict {
        guard let id = byMessage[messageID], let operation = operations[id] else { return .unknown }
        guard operation.kind == .search else { return .violation }
        operation.bytes += entry.footprint
        operation.entries.append(entry)
        if operation.bytes > operation.limits.bytes {
            return remove(id).map { .tooLarge($0) } ?? .unknown
        }
        if operation.limits.entries > 0, operation.entries.count > operation.limits.entries {
            guard let removed = remove(id) else { return .unknown }
            removed.entries.removeLast()
            return .enough(removed)
        }
        return .goOn
    }

    mutating func receivedReference(for messageID: Int32) {
        guard let id = byMessage[messageID] else { return }
        operations[id]?.references += 1
    }

    enum Ending {
        case ended(Operation)
        case unknown
        /// The answer is of another kind than the request.
        case violation
    }

    mutating func finish(_ messageID: Int32, _ kind: OperationKind) -> Ending {
        guard let id = byMessage[messageID], let asked = operations[id]?.kind else { return .unknown }
        guard asked == kind else { return .violation }
        return remove(id).map { .ended($0) } ?? .unknown
    }

    mutating func remove(_ id: ID) -> Operation? {
        guard let operation = operations.removeValue(forKey: id) else { return nil }
        if let messageID = operation.messageID { byMessage[messageID] = nil }
        return operation
    }

    /// Everything, in the order it was asked; the table is empty afterwards.
    mutating func removeAll() -> [Operation] {
        let all = operations.values.sorted { $0.id < $1.id }
        operations = [:]
        byMessage = [:]
        return all
    }
}

extension LDAPEntry {
    /// About how much memory the entry takes: its octets, and 32 for each array or string around them, so that a flood of
    /// empty values is bounded too.
    var footprint: Int {
        attributes.reduce(64 + dn.utf8.count) { sum, attribute in
            attribute.values.reduce(sum + 64 + attribute.name.utf8.count) { $0 + 32 + $1.count }
        }
    }
}
