import TOMLKit

/// One table of the file while it is read: remembers which keys were asked for, so that the rest can be refused.
final class ConfigurationTable {
    let path: String
    let problems: ProblemList
    private let lines: KeyLines
    private let table: TOMLTable?
    private var known: Set<String> = []

    init(_ table: TOMLTable?, path: String, lines: KeyLines, problems: ProblemList) {
        self.table = table
        self.path = path
        self.lines = lines
        self.problems = problems
    }

    /// The full path of a key of this table.
    func path(of key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    /// Says that the value of `key` will not do.
    func refuse(_ key: String, _ message: String) {
        problems.add(message, key: path(of: key), line: lines.nearestLine(of: path(of: key)))
    }

    /// True when the file has the key.
    func has(_ key: String) -> Bool {
        note(key)
        return table?[key] != nil
    }

    /// Refuses every key nobody asked for, naming the nearest one that exists.
    func refuseUnknownKeys() {
        for key in (table?.keys ?? []).sorted() where !known.contains(key) {
            let hint = NearestKey.to(key, among: known).map { "; did you mean “\($0)”?" } ?? ""
            refuse(key, "unknown key\(hint)")
        }
    }

    // MARK: Values

    func string(_ key: String) -> String? {
        guard let value = value(key) else { return nil }
        guard value.type == .string, let text = value.string else { return wrong(key, "text in quotes", value) }
        return text
    }

    func string(_ key: String, default standard: String) -> String {
        string(key) ?? standard
    }

    /// Text that must be there and not be empty.
    func required(_ key: String, _ what: String) -> String {
        if !has(key) {
            refuse(key, "is missing: \(what)")
            return ""
        }
        guard let text = string(key) else { return "" }
        if text.isEmpty { refuse(key, "is empty: \(what)") }
        return text
    }

    func strings(_ key: String, default standard: [String] = []) -> [String] {
        guard let value = value(key) else { return standard }
        guard value.type == .array, let array = value.array else {
            return wrong(key, "a list, for example [\"a\", \"b\"]", value) ?? standard
        }
        var texts: [String] = []
        for element in array {
            guard element.type == .string, let text = element.string else {
                return wrong(key, "a list of texts in quotes", element) ?? standard
            }
            texts.append(text)
        }
        return texts
    }

    func bool(_ key: String, default standard: Bool) -> Bool {
        guard let value = value(key) else { return standard }
        guard value.type == .bool, let bool = value.bool else { return wrong(key, "true or false", value) ?? standard }
        return bool
    }

    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let value = value(key) else { return nil }
        guard value.type == .int, let number = value.int else { return wrong(key, "a whole number", value) }
        guard range.contains(number) else {
            refuse(key, "\(number) is out of range: \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    func integer(_ key: String, in range: ClosedRange<Int>, default standard: Int) -> Int {
        integer(key, in: range) ?? standard
    }

    func duration(_ key: String) -> Duration? {
        guard let text = string(key) else { return nil }
        guard let duration = ConfigurationUnits.duration(text) else {
            refuse(key, "“\(text)” is no duration: write for example \"500ms\", \"5s\", \"10m\", \"8h\" or \"30d\"")
            return nil
        }
        return duration
    }

    /// A duration that must lie in a range, so that no deadline is nothing or for ever.
    func duration(_ key: String, in range: ClosedRange<Duration>, default standard: Duration) -> Duration {
        guard let duration = duration(key) else { return standard }
        guard range.contains(duration) else {
            let bounds =
                "\(ConfigurationUnits.spell(range.lowerBound)) to \(ConfigurationUnits.spell(range.upperBound))"
            refuse(key, "\(ConfigurationUnits.spell(duration)) is out of range: \(bounds)")
            return standard
        }
        return duration
    }

    func size(_ key: String, in range: ClosedRange<Int>, default standard: Int) -> Int {
        guard let text = string(key) else { return standard }
        guard let size = ConfigurationUnits.size(text) else {
            refuse(key, "“\(text)” is no size: write for example \"64KiB\" or \"19MiB\"")
            return standard
        }
        guard range.contains(size) else {
            let bounds =
                "\(ConfigurationUnits.spell(size: range.lowerBound)) to \(ConfigurationUnits.spell(size: range.upperBound))"
            refuse(key, "\(text) is out of range: \(bounds)")
            return standard
        }
        return size
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, default standard: Choice) -> Choice
    where Choice.RawValue == String {
        guard let text = string(key) else { return standard }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map { "“\($0.rawValue)”" }.joined(separator: ", ")
            refuse(key, "“\(text)” is none of \(words)")
            return standard
        }
        return choice
    }

    // MARK: Tables

    func subtable(_ key: String) -> ConfigurationTable {
        let child = value(key)
        if let child, child.type != .table {
            let _: Int? = wrong(key, "a table, written [\(path(of: key))]", child)
        }
        return ConfigurationTable(child?.table, path: path(of: key), lines: lines, problems: problems)
    }

    func tables(_ key: String) -> [ConfigurationTable] {
        guard let value = value(key) else { return [] }
        guard value.type == .array, let array = value.array else {
            return wrong(key, "a list of tables, each written [[\(path(of: key))]]", value) ?? []
        }
        return array.enumerated().compactMap { index, element in
            guard element.type == .table, let table = element.table else {
                return wrong(key, "a list of tables, each written [[\(path(of: key))]]", element)
            }
            return ConfigurationTable(table, path: "\(path(of: key))[\(index + 1)]", lines: lines, problems: problems)
        }
    }

    /// Remembers that there is such a key.
    private func note(_ key: String) {
        known.insert(key)
        problems.keysAskedFor.insert(path(of: key))
    }

    private func value(_ key: String) -> (any TOMLValueConvertible)? {
        note(key)
        return table?[key]
    }

    private func wrong<Value>(_ key: String, _ wanted: String, _ value: any TOMLValueConvertible) -> Value? {
        refuse(key, "must be \(wanted), not \(Self.name(of: value.type))")
        return nil
    }

    private static func name(of type: TOMLType) -> String {
        switch type {
        case .string: "a text"
        case .int: "a whole number"
        case .double: "a number with a fraction"
        case .bool: "true or false"
        case .array: "a list"
        case .table: "a table"
        default: "a date or time"
        }
    }
}
