public import Tokens

extension Introspection: DescribedBody {
    /// The members of RFC 7662 §2.2 that are known; one that is not is left out.
    public func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("active", isActive)
            json.member("scope", unlessNil: scope)
            json.member("client_id", unlessNil: clientID)
            json.member("username", unlessNil: username)
            json.member("token_type", unlessNil: tokenType)
            json.member("exp", unlessNil: expiresAt)
            json.member("iat", unlessNil: issuedAt)
            json.member("sub", unlessNil: subject)
            // As in the token: one is a string (RFC 7519 §4.1.3).
            if audience.count == 1 { json.member("aud", audience[0]) }
            if audience.count > 1 { json.member("aud", audience) }
            json.member("iss", unlessNil: issuer)
            json.member("jti", unlessNil: id)
            json.member("sid", unlessNil: session)
            json.member("auth_time", unlessNil: authenticatedAt)
        }
    }

    static let sample = Introspection(
        isActive: true,
        scope: "read",
        clientID: "web",
        username: "terry-j",
        tokenType: "Bearer",
        expiresAt: 1_790_000_300,
        issuedAt: 1_790_000_000,
        subject: "1:6f9619ff-8b86-d011-b42d-00c04fc964ff",
        audience: ["https://api.corp.example"],
        issuer: "https://auth.corp.example",
        id: "9fXZ0cUlR2yLq3mJc1nV7w",
        session: "0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11",
        authenticatedAt: 1_790_000_000
    )

    static let members = [
        BodyMember("active", .boolean, "True while the token is live; when it is not, there is nothing else."),
        BodyMember("scope", .text, isAlwaysThere: false, "Space-separated."),
        BodyMember("client_id", .text, isAlwaysThere: false, "The client the token was given to."),
        BodyMember("username", .text, isAlwaysThere: false, "The person's name; not in a client's own token."),
        BodyMember("token_type", .text, isAlwaysThere: false, "`Bearer`, or `refresh_token`."),
        BodyMember("exp", .integer, isAlwaysThere: false, "When it expires, in seconds since 1970."),
        BodyMember("iat", .integer, isAlwaysThere: false, "When it was issued, in seconds since 1970."),
        BodyMember("sub", .text, isAlwaysThere: false, "`source:stable-id`, or the client id in a client's own token."),
        BodyMember("aud", .textOrTexts, isAlwaysThere: false, "For whom the access token is."),
        BodyMember("iss", .text, isAlwaysThere: false, "The issuer."),
        BodyMember("jti", .text, isAlwaysThere: false, "The access token's id."),
        BodyMember("sid", .text, isAlwaysThere: false, "The session's UUID; not in a client's own token."),
        BodyMember("auth_time", .integer, isAlwaysThere: false, "When the password was proved, in seconds since 1970."),
    ]
}
