internal import NIOHTTP1
internal import Tokens

/// What anybody may ask without credentials.
enum PublicEndpoints {
    static let keySetPath = "/.well-known/jwks.json"

    /// `GET /api/System/authenticationSetting`.
    static func authenticationSetting(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .GET,
            path: "/api/System/authenticationSetting",
            summary: "How one may log in: the directories by LDAPServerId, and whether local accounts exist.",
            carriesCredentials: false,
            caching: .byHandler,
            answers: [AnswerDescription(200, "The setting.", body: .negotiated(AuthenticationSetting.sample))]
        ) { _ in
            .negotiated(state.current.setting)
        }
    }

    /// `GET /.well-known/jwks.json` (RFC 7517).
    static func keySet(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .GET,
            path: keySetPath,
            summary: "The public keys that verify access tokens.",
            details: "The key that signs next is among them before it does; keep them five minutes, then look again.",
            carriesCredentials: false,
            caching: .byHandler,
            answers: cached(KeySet.sample)
        ) { request in
            cacheable(state.current.tokens.keySet(), request)
        }
    }

    /// `GET /.well-known/oauth-authorization-server` (RFC 8414).
    static func authorizationServer(_ state: APIState) -> Endpoint {
        discovery("/.well-known/oauth-authorization-server", isOpenID: false, state)
    }

    /// `GET /.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4).
    static func openIDConfiguration(_ state: APIState) -> Endpoint {
        discovery("/.well-known/openid-configuration", isOpenID: true, state)
    }

    private static func discovery(_ path: String, isOpenID: Bool, _ state: APIState) -> Endpoint {
        Endpoint(
            method: .GET,
            path: path,
            summary: "Where everything is, for client libraries"
                + (isOpenID ? " that look for an OpenID provider." : " (RFC 8414)."),
            details: "With a base path it answers also at this path followed by the base path (RFC 8414 §3.1).",
            carriesCredentials: false,
            caching: .byHandler,
            answersBeforeBasePath: true,
            answers: cached(DiscoveryDocument(metadata: DiscoveryDocument.sample.metadata, isOpenID: isOpenID))
        ) { request in
            let document = DiscoveryDocument(metadata: state.current.tokens.metadata(), isOpenID: isOpenID)
            return cacheable(JSONWriter.octets(of: document), request)
        }
    }

    /// 200, or 304 to a client that has the same.
    private static func cacheable(_ body: [UInt8], _ request: EndpointRequest) -> EndpointAnswer {
        .validated(
            body,
            tag: EntityTag.of(body),
            contentType: ResponseFormat.json.contentType,
            // Shorter than a next key is published before it signs, unless somebody rotates twice in a row by hand.
            headers: [("Cache-Control", cacheControl)],
            to: request
        )
    }

    private static let cacheControl = "public, max-age=300"

    private static func cached(_ sample: any DescribedBody) -> [AnswerDescription] {
        let headers = [
            AnswerDescription.Header(name: "Cache-Control", summary: "May be kept so long.", sample: cacheControl),
            AnswerDescription.Header(name: "ETag", summary: "For If-None-Match.", sample: "\"5a3f0c\""),
        ]
        return [
            AnswerDescription(200, "The document.", headers: headers, body: .json(sample)),
            AnswerDescription(304, "It is what If-None-Match names.", headers: headers),
        ]
    }
}

/// The key set as a reader is told of it; the document itself is made where the keys are.
private struct KeySet: DescribedBody {
    static let sample = KeySet()

    static let members = [
        BodyMember(
            "keys",
            .objects([
                BodyMember("kty", .text, "`EC`, `RSA` or `OKP`."),
                BodyMember("crv", .text, isAlwaysThere: false, "The curve."),
                BodyMember("x", .text, isAlwaysThere: false, "A coordinate, in base64url."),
                BodyMember("y", .text, isAlwaysThere: false, "A coordinate, in base64url."),
                BodyMember("n", .text, isAlwaysThere: false, "The modulus, in base64url."),
                BodyMember("e", .text, isAlwaysThere: false, "The exponent, in base64url."),
                BodyMember("use", .text, "`sig`."),
                BodyMember("alg", .text, "`ES256`, `RS256` or `EdDSA`."),
                BodyMember("kid", .text, "As in the header of tokens; the RFC 7638 thumbprint."),
            ]),
            "RFC 7517 §5: the key in use first."
        )
    ]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("keys") { json in
                json.array([0]) { json, _ in
                    json.object { json in
                        json.member("kty", "EC")
                        json.member("crv", "P-256")
                        json.member("x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
                        json.member("y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
                        json.member("use", "sig")
                        json.member("alg", "ES256")
                        json.member("kid", "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U")
                    }
                }
            }
        }
    }
}
