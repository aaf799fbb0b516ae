internal import Tokens

/// Where everything is, for client libraries: RFC 8414 §2, and OpenID Connect Discovery 1.0 §3 as far as it goes without a
/// login in the browser.
struct DiscoveryDocument: DescribedBody {
    let metadata: IssuerMetadata
    /// True for `openid-configuration`, which .NET's JwtBearer and others look for.
    let isOpenID: Bool

    private static let clientMethods = ["client_secret_basic", "client_secret_post"]

    func write(to json: inout JSONWriter) {
        var base = metadata.issuer[...]
        while base.last == "/" { base.removeLast() }
        json.object { json in
            json.member("issuer", metadata.issuer)
            json.member("token_endpoint", base + TokenEndpoints.tokenPath)
            json.member("token_endpoint_auth_methods_supported", Self.clientMethods + ["none"])
            json.member("introspection_endpoint", base + QueryEndpoints.introspectPath)
            json.member("introspection_endpoint_auth_methods_supported", Self.clientMethods)
            json.member("revocation_endpoint", base + QueryEndpoints.revokePath)
            json.member("revocation_endpoint_auth_methods_supported", Self.clientMethods + ["none"])
            json.member("userinfo_endpoint", base + PersonEndpoints.userInfoPath)
            json.member("jwks_uri", base + PublicEndpoints.keySetPath)
            json.member("grant_types_supported", metadata.grants.map(\.rawValue))
            // Required, and "members with zero elements must be omitted" (RFC 8414 §2, §3.2): without an authorization
            // endpoint the one registered value that promises nothing.
            json.member("response_types_supported", ["none"])
            guard isOpenID else { return }
            json.member("subject_types_supported", ["public"])
            json.member("id_token_signing_alg_values_supported", metadata.algorithms)
            json.member("claims_supported", UserInfo.members.map(\.name) + AccessTokenResponse.tokenClaims)
        }
    }

    static let sample = DiscoveryDocument(
        metadata: IssuerMetadata(issuer: "https://auth.corp.example", grants: Grant.allCases, algorithms: ["ES256"]),
        isOpenID: true
    )

    static let members = [
        BodyMember("issuer", .text, "The `iss` of every token."),
        BodyMember("token_endpoint", .text, "Where tokens are given out."),
        BodyMember("token_endpoint_auth_methods_supported", .texts, "How clients may prove themselves there."),
        BodyMember("introspection_endpoint", .text, "Where tokens are looked up."),
        BodyMember("introspection_endpoint_auth_methods_supported", .texts, "How clients may prove themselves there."),
        BodyMember("revocation_endpoint", .text, "Where tokens are revoked."),
        BodyMember("revocation_endpoint_auth_methods_supported", .texts, "How clients may prove themselves there."),
        BodyMember("userinfo_endpoint", .text, "Who somebody is."),
        BodyMember("jwks_uri", .text, "The keys that verify access tokens."),
        BodyMember("grant_types_supported", .texts, "What at least one client may use."),
        BodyMember("response_types_supported", .texts, "`none`: there is no login in the browser."),
        BodyMember("subject_types_supported", .texts, isAlwaysThere: false, "In `openid-configuration` only."),
        BodyMember(
            "id_token_signing_alg_values_supported",
            .texts,
            isAlwaysThere: false,
            "The algorithms of the keys; in `openid-configuration` only."
        ),
        BodyMember("claims_supported", .texts, isAlwaysThere: false, "In `openid-configuration` only."),
    ]
}

extension AccessTokenResponse {
    /// The claims of its access token (RFC 9068 §2.2) that userinfo does not tell as well.
    fileprivate static let tokenClaims = ["iss", "aud", "exp", "iat", "jti", "client_id", "scope", "sid", "auth_time"]
}
