internal import Authentication
public import Tokens

/// Turns a body and the headers that describe it into a request.
public enum RequestReader {
    /// Reads the body of `POST /token`.
    ///
    /// - Parameters:
    ///   - body: the octets as received, bounded by the caller.
    ///   - contentType: the Content-Type header; irrelevant when the body is empty.
    ///   - authorization: the Authorization header, of which a bearer token is taken over.
    public static func login(
        body: [UInt8],
        contentType: String?,
        authorization: String? = nil
    ) throws(RequestFault) -> LoginRequest {
        login(try values(of: body, contentType: contentType, schema: .login), authorization: authorization)
    }

    /// Makes the request of the members read.
    static func login(_ values: BodyValues, authorization: String?) -> LoginRequest {
        var request = LoginRequest(
            grantType: values.text("Grant_type"),
            username: values.text("UserName"),
            password: values.secret("Password"),
            directory: values.integer("LDAPServerId"),
            inSession: values.integer("IsInSessionAuth")
        )
        if let authorization, case .bearer(let token) = AuthorizationHeader(authorization) {
            request.bearer = token
        }
        return request
    }

    /// Reads the body of `POST /api/v1/auth/token`.
    ///
    /// - Parameters:
    ///   - body: the octets as received, bounded by the caller.
    ///   - contentType: the Content-Type header; irrelevant when the body is empty.
    ///   - authorization: the Authorization header, of which Basic credentials are taken over; ones that cannot be read
    ///     become a client without a name, so that the refusal is that of an unknown client. A token of Negotiate is taken
    ///     over too; it counts only where the request asks for Windows sign-on.
    public static func token(
        body: [UInt8],
        contentType: String?,
        authorization: String? = nil
    ) throws(RequestFault) -> TokenRequest {
        try token(try values(of: body, contentType: contentType, schema: .token), authorization: authorization)
    }

    /// Makes the request of the members read.
    static func token(_ values: BodyValues, authorization: String?) throws(RequestFault) -> TokenRequest {
        var request = TokenRequest(
            windowsAuthentication: values.boolean("WindowsAuthentication"),
            client: clientInBody(values),
            scope: values.text("scope"),
            username: values.text("username"),
            password: values.secret("password"),
            grantType: values.text("grant_type"),
            refreshToken: values.text("refresh_token")
        )
        if case .other("negotiate", let token)? = authorization.map({ AuthorizationHeader($0) }) {
            // What is no base64 is a token all the same, and refused as one.
            request.signOn = SignOnToken(Base64.decode(token.utf8) ?? [])
        }
        if let basic = clientOfBasic(authorization) {
            // RFC 6749 §2.3: one method only. A grant that is missing or unknown is told first.
            if isNamed(request.client), request.grantType.flatMap(Grant.init(rawValue:)) != nil {
                throw RequestFault(.severalClientMethods)
            }
            request.client = basic
        }
        return request
    }

    /// Makes the request of `POST /api/v1/auth/password` of the members read.
    static func password(_ values: BodyValues, authorization: AuthorizationHeader?) -> PasswordRequest {
        var request = PasswordRequest(
            username: values.text("username"),
            password: values.secret("password"),
            newPassword: values.secret("new_password"),
            directory: values.integer("LDAPServerId")
        )
        if case .bearer(let token)? = authorization { request.bearer = token }
        return request
    }

    /// Makes the question of `POST /api/v1/auth/introspect` and `/revoke` of the members read.
    static func query(_ values: BodyValues, authorization: String?) throws(RequestFault) -> TokenQuery {
        var client = clientInBody(values)
        if let basic = clientOfBasic(authorization) {
            guard !isNamed(client) else { throw RequestFault(.severalClientMethods) }
            client = basic
        }
        return TokenQuery(token: values.text("token"), client: client)
    }

    private static func clientInBody(_ values: BodyValues) -> ClientCredentials {
        ClientCredentials(
            id: values.text("client_id"),
            secrets: values.secret("client_secret").map { [$0] } ?? []
        )
    }

    /// The client of `Authorization: Basic`; one without a name when what follows the scheme cannot be read.
    private static func clientOfBasic(_ authorization: String?) -> ClientCredentials? {
        guard let authorization, case .basic(let credentials) = AuthorizationHeader(authorization) else { return nil }
        return credentials?.client ?? ClientCredentials(id: "", alternativeIDs: [""], method: .basic)
    }

    private static func isNamed(_ client: ClientCredentials) -> Bool {
        !(client.id ?? "").isEmpty || client.secrets.contains { !$0.isEmpty }
    }

    /// Reads the members of a body by `schema`.
    static func values(
        of body: [UInt8],
        contentType: String?,
        contentEncoding: String? = nil,
        schema: BodySchema
    ) throws(RequestFault) -> BodyValues {
        if body.isEmpty {
            return BodyValues(schema: schema)
        }
        if let contentEncoding, ScalarText.trimmed(contentEncoding).lowercased() != "identity" {
            throw RequestFault(.unsupportedEncoding, spelling: contentEncoding)
        }
        guard let contentType, contentType.utf8.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") })
        else {
            throw RequestFault(.missingMediaType)
        }
        // What nearly every client sends needs no taking apart.
        switch contentType {
        case MediaType.form: return try BodyValues(form: body, schema: schema)
        case "application/json": return try BodyValues(json: body, charset: .utf8, schema: schema)
        default: break
        }
        guard let media = MediaType(contentType) else {
            throw RequestFault(.unsupportedMediaType, spelling: contentType)
        }
        // Any other charset counts as UTF-8; octets that are not are then refused.
        let charset = media.charset.flatMap { TextEncoding(charset: $0) } ?? .utf8
        switch media.essence {
        case "application/json", "text/json":
            return try BodyValues(json: body, charset: charset, schema: schema)
        case "application/xml", "text/xml":
            guard let xml = schema.xml else { break }
            return try BodyValues(xml: body, charset: charset, schema: schema, reader: xml)
        case MediaType.form:
            return try BodyValues(form: body, schema: schema)
        default:
            break
        }
        throw RequestFault(.unsupportedMediaType, spelling: media.spelling)
    }
}
