internal import NIOHTTP1
internal import Tokens

/// What anybody may ask without credentials.
enum PublicEndpoints {
    /// `GET /api/System/authenticationSetting`.
    static func authenticationSetting(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .GET,
            path: "/api/System/authenticationSetting",
            summary: "How one may log in: the directories by LDAPServerId, and whether local accounts exist.",
            carriesCredentials: false,
            caching: .byHandler
        ) { _ in
            .negotiated(state.current.setting)
        }
    }

    /// `GET /.well-known/jwks.json` (RFC 7517).
    static func keySet(_ state: APIState) -> Endpoint {
        Endpoint(
            method: .GET,
            path: "/.well-known/jwks.json",
            summary: "The public keys that verify access tokens.",
            carriesCredentials: false,
            caching: .byHandler
        ) { request in
            let body = state.current.tokens.keySet()
            let tag = entityTag(body)
            var headers: [(name: String, value: String)] = [
                // Shorter than a next key is published before it signs, unless somebody rotates twice in a row by
                // hand.
                ("Cache-Control", "public, max-age=300"), ("ETag", tag),
            ]
            if let known = request.header("if-none-match"), matches(known, tag) {
                return .complete(OutgoingResponse(.notModified, headers: headers, body: body))
            }
            headers.append(("Content-Type", ResponseFormat.json.contentType))
            return .complete(OutgoingResponse(.ok, headers: headers, body: body))
        }
    }

    /// FNV-1a, so that every node gives the same keys the same tag.
    private static func entityTag(_ body: [UInt8]) -> String {
        let hash = body.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        return "\"\(String(hash, radix: 16))\""
    }

    /// RFC 9110 §13.1.2: a list of tags compared weakly, or `*`.
    private static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { element in
            var element = element.drop { $0 == " " || $0 == "\t" }
            while element.last == " " || element.last == "\t" { element.removeLast() }
            return element == "*" || element == tag || element == "W/" + tag
        }
    }
}
