/// A body that a reader can be told of.
protocol DescribedBody: JSONBody {
    /// A value that shows every member.
    static var sample: Self { get }

    /// Its members, in the order they are written.
    static var members: [BodyMember] { get }
}

/// A member of an answer as a reader is told of it.
struct BodyMember: Sendable {
    /// What its value is.
    enum Kind: Sendable {
        case text
        case integer
        case boolean
        /// An array of strings.
        case texts
        /// A string, or an array of several.
        case textOrTexts
        /// An object.
        case object([BodyMember])
        /// An array of objects.
        case objects([BodyMember])
    }

    let name: String
    let kind: Kind
    /// False when the member may be left out.
    var isAlwaysThere = true
    /// True when the value may be null.
    var isNullable = false
    /// One sentence for people.
    let summary: String

    init(
        _ name: String,
        _ kind: Kind,
        isAlwaysThere: Bool = true,
        isNullable: Bool = false,
        _ summary: String
    ) {
        self.name = name
        self.kind = kind
        self.isAlwaysThere = isAlwaysThere
        self.isNullable = isNullable
        self.summary = summary
    }
}
