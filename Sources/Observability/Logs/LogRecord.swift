internal import Authentication
internal import Logging

/// What one line says, before it has a form.
struct LogRecord: Sendable {
    /// A field's value; numbers stay numbers in JSON.
    enum Value: Sendable, Hashable {
        case text(String)
        case number(Int64)
        case fraction(Double)

        var description: String {
            switch self {
            case .text(let text): text
            case .number(let number): String(number)
            case .fraction(let number): "\(number)"
            }
        }
    }

    /// A longer text is cut, so that one request cannot fill the log: a name may be as long as a body.
    static let maximumLength = 2048

    var time: Timestamp
    var level: Logger.Level
    var label: String
    var message: String
    /// In the order they are shown.
    var fields: [(name: String, value: Value)]
    /// MESSAGE_ID of the journal, for records of a known kind.
    var messageID: String?

    init(
        time: Timestamp,
        level: Logger.Level,
        label: String,
        message: String,
        fields: [(name: String, value: Value)] = [],
        messageID: String? = nil
    ) {
        self.time = time
        self.level = level
        self.label = label
        self.message = Self.cut(message)
        self.fields = fields
        for index in fields.indices {
            guard case .text(let text) = fields[index].value, text.utf8.count > Self.maximumLength else { continue }
            self.fields[index].value = .text(Self.cut(text))
        }
        self.messageID = messageID
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > maximumLength else { return text }
        let scalars = text.unicodeScalars.prefix(maximumLength / 4)
        return String(String.UnicodeScalarView(scalars)) + "…"
    }
}
