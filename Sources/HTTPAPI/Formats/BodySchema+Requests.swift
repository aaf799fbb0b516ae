internal import Tokens

extension BodySchema {
    /// The name and the password of the person in samples, one of the demo's.
    static let samplePerson = "terry-j"

    /// `LoginBinding`, the body of POST /token.
    static let login = BodySchema(
        key: "login",
        root: "LoginBinding",
        namespace: "TechExcel.DevTrackApi.Bindings",
        fields: [
            Field(
                name: "Grant_type",
                kind: .text,
                isUnique: true,
                isRequired: true,
                summary: "`password`, in any case.",
                sample: "password"
            ),
            Field(
                name: "UserName",
                kind: .text,
                isUnique: true,
                isRequired: true,
                summary: "The name as typed; `DOMAIN\\user` and `user@domain` choose a directory.",
                sample: samplePerson
            ),
            Field(
                name: "Password",
                kind: .secret,
                isUnique: true,
                isRequired: true,
                summary: "The password: octets, never normalised.",
                sample: samplePerson
            ),
            Field(
                name: "LDAPServerId",
                kind: .integer,
                summary: "The directory to ask; 0 is the configured default, else the local accounts.",
                sample: "1"
            ),
            Field(
                name: "IsInSessionAuth",
                kind: .integer,
                summary: "0 opens a session, 1 proves the password inside one.",
                sample: "0"
            ),
        ]
    )

    /// `TokenRequest`, the body of POST /api/v1/auth/token.
    static let token = BodySchema(
        key: "body",
        root: "TokenRequest",
        namespace: "IO.Swagger.Models",
        fields: [
            Field(
                name: "WindowsAuthentication",
                kind: .boolean,
                summary:
                    "True asks the directories of kind active-directory only, or, without a name and a password, for a Kerberos ticket.",
                sample: "false"
            ),
            clientID, clientSecret,
            Field(
                name: "scope",
                kind: .text,
                summary: "The scopes asked for, space-separated; the client's default scopes without it.",
                sample: "read"
            ),
            Field(
                name: "username",
                kind: .text,
                isUnique: true,
                summary: "The name as typed; for the grant `password`.",
                sample: samplePerson
            ),
            Field(
                name: "password",
                kind: .secret,
                isUnique: true,
                summary: "The password: octets, never normalised; for the grant `password`.",
                sample: samplePerson
            ),
            Field(
                name: "grant_type",
                kind: .text,
                isUnique: true,
                isRequired: true,
                summary: Grant.allCases.map { "`\($0.rawValue)`" }.joined(separator: ", ") + ".",
                sample: "password"
            ),
            Field(
                name: "refresh_token",
                kind: .text,
                isUnique: true,
                summary: "The refresh token; for the grant `refresh_token`."
            ),
        ]
    )

    /// The body of POST /api/v1/auth/introspect and /revoke (RFC 7662 §2.1, RFC 7009 §2.1).
    static let tokenQuery = BodySchema(
        key: "body",
        fields: [
            Field(
                name: "token",
                kind: .text,
                isUnique: true,
                isRequired: true,
                summary: "The access token or the refresh token.",
                sample: "eyJ...",
                variable: "TOKEN"
            ),
            Field(
                name: "token_type_hint",
                kind: .text,
                isUnique: true,
                summary: "`access_token` or `refresh_token`; not needed, the two look different."
            ),
            clientID, clientSecret,
        ]
    )

    /// The body of POST /api/v1/auth/password.
    static let password = BodySchema(
        key: "body",
        fields: [
            Field(
                name: "username",
                kind: .text,
                isUnique: true,
                summary: "Whose password it is; not needed with an access token.",
                sample: "terry-j"
            ),
            Field(
                name: "password",
                kind: .secret,
                isUnique: true,
                isRequired: true,
                summary: "The present password: octets, never normalised.",
                sample: "terry-j"
            ),
            Field(
                name: "new_password",
                kind: .secret,
                isUnique: true,
                isRequired: true,
                summary: "The new one: octets, never normalised.",
                sample: "a new passphrase"
            ),
            Field(
                name: "LDAPServerId",
                kind: .integer,
                summary: "The directory that knows the name; 0 or nothing goes by the name's domain, else by the order."
            ),
        ]
    )

    private static let clientID = Field(
        name: "client_id",
        kind: .text,
        isUnique: true,
        summary: "The client, unless it is named by `Authorization: Basic`, or a default client is configured.",
        sample: "web"
    )

    private static let clientSecret = Field(
        name: "client_secret",
        kind: .secret,
        isUnique: true,
        summary: "The client's secret; a public client sends none.",
        sample: "web-secret"
    )
}
