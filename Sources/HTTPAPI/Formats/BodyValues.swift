internal import Authentication

/// The members of a request as read, by the names of its schema; null and missing ones are not there.
struct BodyValues {
    /// What a member became.
    enum Value: Sendable {
        case text(String)
        case secret(Password)
        case integer(Int32)
        case boolean(Bool)
    }

    let schema: BodySchema
    private var values: [Value?]
    // What the member's value looked like when it cannot be read; nil stands for a value that must not be shown.
    private var unreadable: [Int: String?] = [:]

    init(schema: BodySchema) {
        self.schema = schema
        values = Array(repeating: nil, count: schema.fields.count)
    }

    /// The text of that member.
    func text(_ name: String) -> String? {
        guard case .text(let text) = value(name) else {
            return nil
        }
        return text
    }

    /// The octets of that member.
    func secret(_ name: String) -> Password? {
        guard case .secret(let password) = value(name) else {
            return nil
        }
        return password
    }

    /// The number of that member, 0 when it is missing.
    func integer(_ name: String) -> Int32 {
        guard case .integer(let number) = value(name) else {
            return 0
        }
        return number
    }

    /// Whether that member is true, false when it is missing.
    func boolean(_ name: String) -> Bool {
        guard case .boolean(let flag) = value(name) else {
            return false
        }
        return flag
    }

    /// The position of the member of that name, without regard to case. No two names of a schema differ in case alone,
    /// so an exact match needs no precedence.
    func index(of name: some Collection<UInt8>) -> Int? {
        schema.fields.firstIndex { ScalarText.equal($0.name.utf8, name) }
    }

    /// Takes `value` for the member at `index`, in place of what it had; nil is null.
    mutating func set(_ index: Int, _ value: Value?) {
        values[index] = value
        unreadable[index] = nil
    }

    /// Takes characters for a text or secret member.
    mutating func set(_ index: Int, characters: some Collection<UInt8>) {
        switch schema.fields[index].kind {
        case .secret: set(index, .secret(Password(characters)))
        default: set(index, .text(String(decoding: characters, as: UTF8.self)))
        }
    }

    /// Notes that the value of the member at `index` cannot be read; `shown` is what it looked like.
    mutating func refuse(_ index: Int, shown: some Collection<UInt8>) {
        switch schema.fields[index].kind {
        // A text may be a credential in the wrong place: only numbers and flags are echoed.
        case .text, .secret: unreadable[index] = .some(nil)
        case .integer, .boolean: unreadable[index] = .some(Self.cut(shown))
        }
    }

    /// Throws when a member cannot be read.
    ///
    /// - Parameter isWhole: the first such member stands for the whole body, under its bare key, as in XML.
    func check(isWhole: Bool = false) throws(RequestFault) {
        guard !unreadable.isEmpty else {
            return
        }
        let entries = unreadable.sorted { $0.key < $1.key }.map { index, shown in
            let name = schema.fields[index].name
            let value = shown.map { " '\($0)'" } ?? ""
            return ModelStateEntry(
                key: isWhole ? schema.key : "\(schema.key).\(name)",
                message: "The value\(value) is not valid for \(name)."
            )
        }
        throw RequestFault(.unreadable, modelState: isWhole ? Array(entries.prefix(1)) : entries)
    }

    private func value(_ name: String) -> Value? {
        schema.fields.firstIndex { $0.name == name }.flatMap { values[$0] }
    }

    /// At most 64 characters of a text.
    private static func cut(_ text: some Collection<UInt8>) -> String {
        // Four octets make the longest character.
        let start = String(decoding: text.prefix(65 * 4), as: UTF8.self).unicodeScalars
        guard start.count > 64 else {
            return String(start)
        }
        return String(start.prefix(64)) + "…"
    }
}
