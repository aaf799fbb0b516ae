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
        let values = try values(of: body, contentType: contentType, schema: .login)
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
    ///     become a client without a name, so that the refusal is that of an unknown client.
    public static func token(
        body: [UInt8],
        contentType: String?,
        authorization: String? = nil
    ) throws(RequestFault) -> TokenRequest {
        let values = try values(of: body, contentType: contentType, schema: .token)
        var request = TokenRequest(
            windowsAuthentication: values.boolean("WindowsAuthentication"),
            client: ClientCredentials(
                id: values.text("client_id"),
                secrets: values.secret("client_secret").map { [$0] } ?? []
            ),
            scope: values.text("scope"),
            username: values.text("username"),
            password: values.secret("password"),
            grantType: values.text("grant_type"),
            refreshToken: values.text("refresh_token")
        )
        if let authorization, case .basic(let credentials) = AuthorizationHeader(authorization) {
            // RFC 6749 §2.3: one method only. A grant that is missing or unknown is told first.
            let isNamedTwice =
                !(request.client.id ?? "").isEmpty || request.client.secrets.contains { !$0.isEmpty }
            if isNamedTwice, request.grantType.flatMap(Grant.init(rawValue:)) != nil {
                throw RequestFault(.severalClientMethods)
            }
            request.client = credentials?.client ?? ClientCredentials(id: "", alternativeIDs: [""], method: .basic)
        }
        return request
    }

    private static func values(
        of body: [UInt8],
        contentType: String?,
        schema: BodySchema
    ) throws(RequestFault) -> BodyValues {
        if body.isEmpty {
            return BodyValues(schema: schema)
        }
        // A Content-Type that cannot be read is none, as in System.Net.Http.
        guard let contentType, let media = MediaType(contentType) else {
            throw RequestFault(.missingMediaType)
        }
        // Any other charset counts as UTF-8; octets that are not are then refused.
        let charset = media.charset.flatMap { TextEncoding(charset: $0) } ?? .utf8
        switch media.essence {
        case "application/json", "text/json":
            return try BodyValues(json: body, charset: charset, schema: schema)
        case "application/xml", "text/xml":
            return try BodyValues(xml: body, charset: charset, schema: schema)
        case "application/x-www-form-urlencoded":
            return try BodyValues(form: body, schema: schema)
        default:
            throw RequestFault(.unsupportedMediaType, mediaType: String(media.spelling.prefix(127)))
        }
    }
}
