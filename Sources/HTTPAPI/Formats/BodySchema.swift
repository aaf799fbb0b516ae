/// What members a request has, and what each of them is: the readers read by it, and pages about the API are made of it.
///
/// A class, because every body that is read takes it along.
final class BodySchema: Sendable {
    /// One member.
    struct Field: Sendable {
        /// What its value becomes.
        enum Kind: Sendable {
            case text
            /// Octets, never echoed.
            case secret
            case integer
            case boolean
        }

        let name: String
        let kind: Kind
        /// A grant or credential parameter, which a form must not give twice (RFC 6749 §3.2).
        var isUnique = false
        /// True when no request does without it.
        var isRequired = false
        /// One sentence for people.
        let summary: String
        /// A value to paste; nil leaves the member out of samples.
        var sample: String?
        /// The variable of a shell that holds it in command lines, for what nobody could paste.
        var variable: String?
    }

    /// What ModelState keys begin with; the name of the parameter in the original's controllers.
    let key: String
    let fields: [Field]
    /// Its root element and namespace in XML; nil where XML is not read.
    let root: (name: String, namespace: String)?
    /// Finds the members in XML.
    let xml: XMLReader?

    /// A request whose root element in XML is `root`, in the data contract namespace of that name.
    init(key: String, root: String, namespace: String, fields: [Field]) {
        self.key = key
        precondition(fields.count <= UInt64.bitWidth, "a form notes its members in one word")
        self.fields = fields
        let namespace = XMLWriter.dataContractNamespace + namespace
        self.root = (root, namespace)
        xml = XMLReader(root: root, namespace: namespace, members: fields.map(\.name))
    }

    /// A request that comes as a form or in JSON only.
    init(key: String, fields: [Field]) {
        self.key = key
        precondition(fields.count <= UInt64.bitWidth, "a form notes its members in one word")
        self.fields = fields
        root = nil
        xml = nil
    }

    /// A body of which nothing is read.
    static let empty = BodySchema(key: "body", fields: [])
}
