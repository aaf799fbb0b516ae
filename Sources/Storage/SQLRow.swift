import Authentication

/// One row of an answer, read by position: every statement of ours names its columns.
struct SQLRow: Sendable, Hashable {
    let values: [SQLValue]

    init(_ values: [SQLValue]) {
        self.values = values
    }

    func integer(_ column: Int) throws(StoreError) -> Int64 {
        guard case .integer(let value) = values[column] else { throw unexpected("an integer", column) }
        return value
    }

    func int32(_ column: Int) throws(StoreError) -> Int32 {
        guard let value = Int32(exactly: try integer(column)) else { throw unexpected("a 32-bit integer", column) }
        return value
    }

    func optionalInteger(_ column: Int) throws(StoreError) -> Int64? {
        values[column] == .null ? nil : try integer(column)
    }

    func text(_ column: Int) throws(StoreError) -> String {
        guard case .text(let value) = values[column] else { throw unexpected("text", column) }
        return value
    }

    func optionalText(_ column: Int) throws(StoreError) -> String? {
        values[column] == .null ? nil : try text(column)
    }

    func bytes(_ column: Int) throws(StoreError) -> [UInt8] {
        guard case .bytes(let value) = values[column] else { throw unexpected("bytes", column) }
        return value
    }

    private func unexpected(_ kind: String, _ column: Int) -> StoreError {
        StoreError(
            .unusable,
            "the database holds something else than \(kind) in column \(column + 1) of an answer: restore a backup"
        )
    }
}
