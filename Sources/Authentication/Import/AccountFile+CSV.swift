internal import FoundationEssentials

extension AccountFile {
    /// What the first line of a CSV file may name.
    enum Column: String, CaseIterable {
        case name, id, email, groups, disabled
        case firstName = "first_name"
        case lastName = "last_name"
        case passwordHash = "password_hash"
        case createdAt = "created_at"
        case passwordChangedAt = "password_changed_at"
    }

    /// The columns a CSV file of ours may have, in the order in which one is written.
    public static let columns: [String] = [
        Column.name, .firstName, .lastName, .email, .groups, .disabled, .id, .createdAt, .passwordChangedAt,
        .passwordHash,
    ].map(\.rawValue)

    mutating func readCSV(_ text: String) throws(AccountError) {
        var rows = CSVRows(text)
        guard let head = try rows.next() else { throw AccountError(.invalid, "the file is empty") }
        let columns = try Self.columns(head)
        while let row = try rows.next() {
            // A blank line.
            if row.fields == [""] { continue }
            guard row.fields.count == columns.count else {
                let sentence =
                    "it has \(row.fields.count) fields, and the first line names \(columns.count); mend it or leave it out"
                problems.append(Remark(line: row.line, sentence: sentence))
                continue
            }
            do throws(AccountError) {
                var record = AccountRecord(line: row.line, name: "")
                for (column, value) in zip(columns, row.fields) { try Self.take(value, as: column, into: &record) }
                records.append(record)
            } catch {
                problems.append(Remark(line: row.line, sentence: error.description))
            }
        }
    }

    private static func columns(_ head: CSVRows.Row) throws(AccountError) -> [Column] {
        var columns: [Column] = []
        for field in head.fields {
            let name = UsernameFolding.trimmingBlanks(field).lowercased()
            guard let column = Column(rawValue: name) else {
                let known = Self.columns.joined(separator: ", ")
                let remedy =
                    name == "password"
                    ? "passwords come as hashes, in a column password_hash" : "the columns are: \(known)"
                throw AccountError(
                    .invalid,
                    "line 1 names a column “\(LogText.escaped(String(name.prefix(40))))”, which is not known: \(remedy)"
                )
            }
            guard !columns.contains(column) else {
                throw AccountError(.invalid, "line 1 names the column “\(name)” twice: leave one out")
            }
            columns.append(column)
        }
        guard columns.contains(.name) else {
            throw AccountError(
                .invalid,
                "line 1 does not name a column “name”: the first line says what the others hold"
            )
        }
        return columns
    }

    private static func take(_ value: String, as column: Column, into record: inout AccountRecord) throws(AccountError)
    {
        switch column {
        case .name: record.name = value
        case .firstName: record.firstName = value
        case .lastName: record.lastName = value
        case .email: record.email = value
        case .groups:
            record.groups = value.split(separator: ";").map { String(UsernameFolding.trimmingBlanks(String($0))) }
                .filter {
                    !$0.isEmpty
                }
        case .passwordHash: record.passwordHash = value.isEmpty ? nil : value
        case .disabled:
            guard let truth = truths[value.lowercased()] else {
                throw AccountError(.invalid, "disabled is neither true nor false; write one of them")
            }
            record.isDisabled = truth
        case .id:
            if value.isEmpty { return }
            guard let id = UUID(uuidString: value) else {
                throw AccountError(.invalid, "id is no UUID; leave it empty for a new one")
            }
            record.id = id
        case .createdAt: record.createdAt = try moment(value, column)
        case .passwordChangedAt: record.passwordChangedAt = try moment(value, column)
        }
    }

    private static let truths = ["true": true, "false": false, "1": true, "0": false, "": false]

    private static func moment(_ value: String, _ column: Column) throws(AccountError) -> Timestamp? {
        if value.isEmpty { return nil }
        guard let seconds = Int64(value), 0...253_402_300_799 ~= seconds else {
            throw AccountError(
                .invalid,
                "\(column.rawValue) is no number of seconds since 1970; leave it empty for the present moment"
            )
        }
        return Timestamp(seconds: seconds)
    }
}
