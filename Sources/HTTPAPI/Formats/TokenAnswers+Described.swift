internal import Tokens

extension TokenModel: DescribedBody {
    static let sample = TokenModel(
        accessToken: "eyJ…",
        userID: 12,
        firstName: "Terry",
        lastName: "Johnson",
        sessionNumber: 77
    )

    static let members = [
        BodyMember("access_token", .text, "The access token, a JWT (RFC 9068)."),
        BodyMember("userId", .integer, "The person's number; the same at every login, through renames and moves."),
        BodyMember("firstName", .text, isNullable: true, "Null when the source has none."),
        BodyMember("lastName", .text, isNullable: true, "Null when the source has none."),
        BodyMember("DTTSessionId", .integer, "The session's number."),
    ]
}

extension AccessTokenResponse: DescribedBody {
    static let sample = AccessTokenResponse(
        accessToken: "eyJ…",
        expiresIn: 300,
        redirectURL: "https://app.corp.example/",
        ip: "192.0.2.10",
        isEditor: false,
        refreshExpiresIn: 1800,
        refreshToken: "AYk…",
        sessionState: "0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11",
        scope: "read"
    )

    static let members = [
        BodyMember("access_token", .text, "The access token, a JWT (RFC 9068)."),
        BodyMember("expires_in", .integer, "Whole seconds it lives."),
        BodyMember("redirect_url", .text, isNullable: true, "The client's configured one."),
        BodyMember("ip", .text, isNullable: true, "The caller's address, as seen through trusted proxies."),
        BodyMember("is_editor", .boolean, "True when the person is in one of the client's editor groups."),
        BodyMember("refresh_expires_in", .integer, "Whole seconds the refresh token lives; 0 without one."),
        BodyMember("refresh_token", .text, isNullable: true, "Good for one refresh; null where there is none."),
        BodyMember("token_type", .text, "`Bearer`."),
        BodyMember(
            "not_before_policy",
            .integer,
            "Tokens issued before it are refused; 0 when there is no such moment."
        ),
        BodyMember("session_state", .text, isNullable: true, "The session's UUID; null for a client's own token."),
        BodyMember("scope", .text, "What was granted, space-separated."),
    ]
}

extension AuthenticationSetting: DescribedBody {
    static let sample = AuthenticationSetting(
        supportsLocalAccounts: true,
        supportsDirectories: true,
        directories: [Directory(id: 1, name: "corp")]
    )

    static let members = [
        BodyMember("Success", .boolean, "Always true."),
        BodyMember("Error", .text, isNullable: true, "Always null."),
        BodyMember(
            "Data",
            .object([
                BodyMember("SupportDevsuiteAuthentication", .boolean, "True when local accounts may log in."),
                BodyMember("SupportLDAPAuthentication", .boolean, "True when a directory may be named."),
                BodyMember(
                    "LDAPServers",
                    .objects([
                        BodyMember("Id", .integer, "The LDAPServerId."),
                        BodyMember("Name", .text, "The directory's name."),
                    ]),
                    "The directories a client may name."
                ),
                BodyMember("ForbidSampleUserLoginDirectly", .boolean, "Always false."),
            ]),
            "How one may log in."
        ),
    ]
}
