internal import Authentication

/// A refusal that callers may meet, and when: what pages about the API are made of.
///
/// The errors are the very values that are thrown; one that takes a value stands here with a sample.
public struct ExpectedRefusal: Sendable, Hashable {
    /// What is thrown.
    public let error: TokenError
    /// One sentence for people.
    public let when: String

    private init(_ error: TokenError, _ when: String) {
        self.error = error
        self.when = when
    }
}

extension ExpectedRefusal {
    /// Of POST /token.
    public static let login: [ExpectedRefusal] =
        [
            noGrantType, ExpectedRefusal(.passwordGrantOnly, "The grant is another one."),
            noUsername, noPassword,
            ExpectedRefusal(.invalidValue(2, member: "IsInSessionAuth"), "It is neither 0 nor 1."),
            ExpectedRefusal(.unknownDirectory, "There is no such directory, or the login client may not use it."),
            ExpectedRefusal(.bearerRefused, "`IsInSessionAuth` is 1 and the Bearer token is not live."),
            ExpectedRefusal(.sessionOfOtherClient, "`IsInSessionAuth` is 1 and the Bearer token is of another client."),
            ExpectedRefusal(.sessionOfOtherUser, "`IsInSessionAuth` is 1 and the Bearer token is of another person."),
        ] + password + tryLater

    /// Of POST /api/v1/auth/token.
    public static let token: [ExpectedRefusal] =
        [noGrantType, ExpectedRefusal(.unsupportedGrantType, "The grant is none of this endpoint.")] + client + [
            grantNotAllowed,
            ExpectedRefusal(
                .invalidScopes(["x", "y"]),
                "The client may not have these scopes, or the session has not."
            ),
            ExpectedRefusal(.noWindowsSignOn, "`WindowsAuthentication` is true without a name and a password."),
            ExpectedRefusal(
                .signOnRequired,
                "Windows sign-on without a password, and no ticket or one that is refused."
            ),
            noUsername, noPassword,
        ] + password + refresh + tryLater

    /// Of POST /api/v1/auth/introspect.
    public static let introspection: [ExpectedRefusal] = client + [noToken] + tryLater

    /// Of POST /api/v1/auth/revoke.
    public static let revocation: [ExpectedRefusal] =
        client + [
            noToken, ExpectedRefusal(.tokenOfOtherClient, "The token is another client's; nothing has happened to it."),
            ExpectedRefusal(.tokenWithoutSession, "It is the token of `client_credentials`."),
        ] + tryLater

    /// Of POST /api/v1/auth/password.
    public static let passwordChange: [ExpectedRefusal] =
        [
            ExpectedRefusal(.missing("username"), "There is neither a name nor an access token."), noPassword,
            ExpectedRefusal(.missing("new_password"), "There is no new password, or an empty one."),
            ExpectedRefusal(.unknownDirectory, "There is no such directory."),
            ExpectedRefusal(.bearerRefused, "The access token is not live, or its session has ended."),
            ExpectedRefusal(.noPerson, "The token is a client's own."),
        ]
        + PasswordRefusal.Reason.allCases.map { reason in
            ExpectedRefusal(
                TokenError(.invalidRequest, PasswordRefusal(reason).sentence),
                "The present password is right, the new one against the rules of its source."
            )
        } + password + tryLater

    /// Of what a person asks with an access token.
    public static let person: [ExpectedRefusal] = [
        ExpectedRefusal(.bearerRefused, "The access token is not live, or its session has ended."),
        ExpectedRefusal(.noPerson, "The token is a client's own."), down,
    ]

    /// Of GET /api/v1/auth/verify, but for the challenges to who has shown no access token, which are the endpoint's own.
    public static let verification: [ExpectedRefusal] =
        [
            ExpectedRefusal(
                .bearerRefused,
                "The access token is not live, its session has ended, or `client_id` names another client."
            ),
            ExpectedRefusal(.notInGroup, "In none of the groups asked for, or a parameter names none."),
        ] + tryLater

    private static let noGrantType = ExpectedRefusal(.missingGrantType, "No grant is named; also for an empty body.")
    private static let grantNotAllowed = ExpectedRefusal(.grantNotAllowed, "The client may not use this grant.")
    private static let noUsername = ExpectedRefusal(.missing("username"), "There is no name, or an empty one.")
    private static let noPassword = ExpectedRefusal(.missing("password"), "There is no password, or an empty one.")
    private static let noToken = ExpectedRefusal(.missing("token"), "There is no token, or an empty one.")

    private static let client = [
        ExpectedRefusal(.invalidClient, "The client is unknown, or none is named, or it may not ask here."),
        ExpectedRefusal(
            .invalidClientCredentials,
            "The secret is wrong, or missing where one is needed, or sent where none is."
        ),
    ]

    private static let refresh = [
        ExpectedRefusal(.noRefreshToken, "The grant is `refresh_token`, and there is none."),
        ExpectedRefusal(.invalidRefreshToken, "The refresh token is malformed, or not one of ours."),
        ExpectedRefusal(.refreshTokenOfOtherClient, "The refresh token is another client's."),
        ExpectedRefusal(.tokenNotActive, "The session is past its idle or its hard end."),
        ExpectedRefusal(.sessionNotActive, "The session was ended, or is not known any more."),
        ExpectedRefusal(.staleToken, "The refresh token is older than a not-before."),
        ExpectedRefusal(.refreshTokenReused, "The refresh token was used before; the session has ended."),
        ExpectedRefusal(.userDisabled, "The person is gone, disabled or locked; the session has ended."),
    ]

    /// First what is said to strangers, then what is told only to who has proved the password.
    private static let password: [ExpectedRefusal] =
        [
            ExpectedRefusal(
                .invalidCredentials,
                "Wrong password, unknown or ambiguous name, locked account, and the like."
            )
        ]
        + Rejection.Reason.allCases.map { TokenError.refused(Rejection($0, passwordProved: true)) }
        .filter { $0 != .invalidCredentials }
        .map { ExpectedRefusal($0, "The password is right, and the account may not be used.") }

    private static let down = ExpectedRefusal(.unavailable(retryAfter: 5), "A directory or the store is down.")

    private static let tryLater = [
        ExpectedRefusal(
            .throttled(ThrottleWait(.account, remaining: .seconds(30))),
            "The account or the address has to wait after failures; the same for names that do not exist."
        ),
        down,
        ExpectedRefusal(.overloaded(retryAfter: 1), "More passwords are being verified than can be at once."),
    ]
}
