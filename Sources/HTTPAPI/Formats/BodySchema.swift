internal import Tokens

/// What members a request has, and what each of them is.
struct BodySchema: Sendable {
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
    }

    /// What ModelState keys begin with; the name of the parameter in the original's controllers.
    let key: String
    let fields: [Field]
    /// Finds them in XML.
    let xml: XMLReader

    /// A request whose root element in XML is `root`, in the data contract namespace of that name.
    init(key: String, root: String, namespace: String, fields: [Field]) {
        self.key = key
        self.fields = fields
        xml = XMLReader(
            root: root,
            namespace: XMLWriter.dataContractNamespace + namespace,
            members: fields.map(\.name)
        )
    }

    /// `LoginBinding`, the body of POST /token.
    static let login = BodySchema(
        key: "login",
        root: "LoginBinding",
        namespace: "TechExcel.DevTrackApi.Bindings",
        fields: [
            Field(name: "Grant_type", kind: .text, isUnique: true),
            Field(name: "UserName", kind: .text, isUnique: true),
            Field(name: "Password", kind: .secret, isUnique: true),
            Field(name: "LDAPServerId", kind: .integer),
            Field(name: "IsInSessionAuth", kind: .integer),
        ]
    )

    /// `TokenRequest`, the body of POST /api/v1/auth/token.
    static let token = BodySchema(
        key: "body",
        root: "TokenRequest",
        namespace: "IO.Swagger.Models",
        fields: [
            Field(name: "WindowsAuthentication", kind: .boolean),
            Field(name: "client_id", kind: .text, isUnique: true),
            Field(name: "client_secret", kind: .secret, isUnique: true),
            Field(name: "scope", kind: .text),
            Field(name: "username", kind: .text, isUnique: true),
            Field(name: "password", kind: .secret, isUnique: true),
            Field(name: "grant_type", kind: .text, isUnique: true),
            Field(name: "refresh_token", kind: .text, isUnique: true),
        ]
    )
}
