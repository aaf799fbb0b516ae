internal import Authentication

extension BodyValues {
    /// Reads a JSON body: the last of duplicate members wins, whatever their case.
    init(json body: [UInt8], charset: TextEncoding, schema: BodySchema) throws(RequestFault) {
        self.init(schema: schema)
        do throws(JSONFault) {
            var reader = try JSONReader(body, charset: charset)
            if try reader.beginObject() {
                while let member = try reader.nextMember() {
                    if let index = index(of: member.name) {
                        bind(index, member.value)
                    }
                }
            }
        } catch {
            throw RequestFault(
                .unreadable,
                modelState: [
                    ModelStateEntry(
                        key: schema.key,
                        message: "The body is not valid JSON: \(error.code.rawValue) at byte \(error.offset)."
                    )
                ]
            )
        }
        try check()
    }

    /// Reads a form body: an empty value counts as missing (RFC 6749 §3.2); a unique member given twice is refused, of
    /// the others the first wins.
    init(form body: [UInt8], schema: BodySchema) throws(RequestFault) {
        self.init(schema: schema)
        // A bit for each member; no schema has more than there are bits (`BodySchema`).
        var seen: UInt64 = 0
        var isDuplicated = false
        for (name, encoded) in FormReader(body) {
            guard let index = index(of: name) else {
                continue
            }
            let bit: UInt64 = 1 << UInt64(index)
            if seen & bit != 0 {
                isDuplicated = isDuplicated || schema.fields[index].isUnique
                continue
            }
            seen |= bit
            guard !FormReader.isPlain(encoded) else {
                // In place: whoever lent the body wipes it.
                bind(index, plain: encoded)
                continue
            }
            var value = FormReader.decode(encoded)
            bind(index, formValue: &value)
        }
        try check()
        if isDuplicated {
            throw RequestFault(.duplicatedParameter)
        }
    }

    /// Reads an XML body: names are exact, the order is free, the first of duplicates wins.
    init(
        xml body: [UInt8],
        charset: TextEncoding,
        schema: BodySchema,
        reader: XMLReader
    ) throws(RequestFault) {
        self.init(schema: schema)
        let values: [XMLReader.Value?]
        do throws(XMLFault) {
            values = try reader.read(body, charset: charset)
        } catch {
            throw RequestFault(
                .unreadable,
                modelState: [
                    ModelStateEntry(
                        key: schema.key,
                        message: "The body is not valid XML: \(error.reason) at byte \(error.offset)."
                    )
                ]
            )
        }
        for (index, value) in values.enumerated() {
            bind(index, xmlValue: value)
        }
        try check(isWhole: true)
    }

    private mutating func bind(_ index: Int, _ value: JSONValue) {
        switch (schema.fields[index].kind, value) {
        case (.text, .null), (.secret, .null):
            set(index, nil)
        case (.text, .string(let text)), (.secret, .string(let text)), (.text, .number(let text)),
            (.secret, .number(let text)):
            set(index, characters: text)
        case (.text, .boolean(let flag)), (.secret, .boolean(let flag)):
            set(index, characters: Self.word(flag).utf8)
        case (.integer, .number(let text)), (.integer, .string(let text)):
            set(index, ScalarText.integer(text).map { .integer($0) }, shown: text)
        case (.boolean, .boolean(let flag)):
            set(index, .boolean(flag))
        case (.boolean, .number(let text)):
            set(index, .boolean(ScalarText.isNonzero(text)))
        case (.boolean, .string(let text)):
            set(index, ScalarText.boolean(text).map { .boolean($0) }, shown: text)
        case (_, .null):
            refuse(index, shown: "null".utf8)
        case (_, .boolean(let flag)):
            refuse(index, shown: Self.word(flag).utf8)
        case (_, .array):
            refuse(index, shown: "[]".utf8)
        case (_, .object):
            refuse(index, shown: "{}".utf8)
        }
    }

    /// Takes a value of a form, and leaves zeros where it was a secret.
    mutating func bind(_ index: Int, formValue text: inout [UInt8]) {
        bind(index, plain: text[...])
        if case .secret = schema.fields[index].kind { text.wipe() }
    }

    private mutating func bind(_ index: Int, plain text: ArraySlice<UInt8>) {
        guard !text.isEmpty else { return }
        switch schema.fields[index].kind {
        case .text, .secret: set(index, characters: text)
        case .integer: set(index, ScalarText.integer(text).map { .integer($0) }, shown: text)
        case .boolean: set(index, ScalarText.boolean(text).map { .boolean($0) }, shown: text)
        }
    }

    private mutating func bind(_ index: Int, xmlValue value: XMLReader.Value?) {
        switch (schema.fields[index].kind, value) {
        case (_, nil), (.text, .null), (.secret, .null):
            set(index, nil)
        case (.integer, .null), (.boolean, .null):
            refuse(index, shown: "".utf8)
        case (.text, .text(let text)), (.secret, .text(let text)):
            set(index, characters: text)
        case (.integer, .text(let text)):
            set(index, ScalarText.integer(text[...]).map { .integer($0) }, shown: text)
        case (.boolean, .text(let text)):
            set(index, ScalarText.xmlBoolean(text[...]).map { .boolean($0) }, shown: text)
        }
    }

    private mutating func set(_ index: Int, _ value: Value?, shown: some Collection<UInt8>) {
        if let value {
            set(index, value)
        } else {
            refuse(index, shown: shown)
        }
    }

    private static func word(_ flag: Bool) -> String {
        flag ? "true" : "false"
    }
}
