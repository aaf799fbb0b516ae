/// A parameter of path or query: what a handler reads by and what a reader is told.
struct Parameter: Sendable, Hashable {
    /// Where it stands.
    enum Place: String, Sendable {
        /// The last segment of the path.
        case path
        /// In the query; names are compared without regard to case, as in forms.
        case query
    }

    /// What its text becomes.
    enum Kind: Sendable {
        case text
        /// 32 bits.
        case integer
        /// Given as often as one likes, each a value.
        case repeated
        /// Values separated by commas.
        case list
    }

    let name: String
    let place: Place
    let kind: Kind
    var isRequired = false
    /// One sentence for people.
    let summary: String
    /// A value to paste.
    let sample: String
}
