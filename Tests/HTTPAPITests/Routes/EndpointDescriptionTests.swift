import Foundation
import NIOCore
import NIOHTTP1
import Testing
import Tokens

@testable import HTTPAPI

/// What a reader is told of the endpoints is what is served.
@Suite("Descriptions of endpoints")
struct EndpointDescriptionTests {
    private static let endpoints = APIServer.endpoints(
        APIState(
            .init(
                tokens: ScriptedTokens(),
                passwords: ScriptedTokens(),
                setting: AuthenticationSetting(
                    supportsLocalAccounts: true,
                    supportsDirectories: false,
                    directories: []
                )
            )
        )
    )

    @Test func everyEndpointIsDescribed() {
        for endpoint in Self.endpoints {
            let name = "\(endpoint.method) \(endpoint.path)"
            #expect(endpoint.summary.hasSuffix("."), "\(name)")
            #expect(endpoint.answers.contains { (200..<300).contains($0.status) }, "\(name)")
            #expect(endpoint.answers.allSatisfy { $0.summary.hasSuffix(".") }, "\(name)")
            #expect(endpoint.parameters.allSatisfy { !$0.summary.isEmpty && !$0.sample.isEmpty }, "\(name)")
            #expect(endpoint.body?.fields.allSatisfy { $0.summary.hasSuffix(".") } ?? true, "\(name)")
            // Whoever asks for credentials says what happens without.
            #expect(endpoint.security.isEmpty || endpoint.answers.contains { $0.status == 401 }, "\(name)")
            let named = endpoint.parameters.filter { $0.place == .path }.map { "{\($0.name)}" }
            #expect(
                named == endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map(String.init),
                "\(name)"
            )
            #expect(endpoint.method == .GET || !endpoint.takesAnyMethod)
        }
        let rows = Self.endpoints.map { "\($0.method) \($0.path.lowercased())" }
        #expect(Set(rows).count == rows.count)
    }

    /// A sample is written by the code that answers; what is said of its members must fit it, in the same order.
    @Test func membersAreThoseWritten() throws {
        var seen = 0
        for endpoint in Self.endpoints {
            for answer in endpoint.answers {
                let body: any DescribedBody
                switch answer.body {
                case .json(let described): body = described
                case .negotiated(let described): body = described
                case .none, .error, .document: continue
                }
                let octets = JSONWriter.octets(of: body)
                let value = try JSONSerialization.jsonObject(with: Data(octets))
                let text = String(decoding: octets, as: UTF8.self)
                check(value, type(of: body).members, in: text, "\(endpoint.path)")
                seen += 1
            }
        }
        #expect(seen >= 8)
    }

    private func check(_ value: Any, _ members: [BodyMember], in text: String, _ path: String) {
        guard let object = value as? [String: Any] else {
            Issue.record("\(path): no object")
            return
        }
        let names = Set(members.map(\.name))
        #expect(Set(object.keys).isSubset(of: names), "\(path): \(object.keys)")
        var last = text.startIndex
        for member in members {
            guard let value = object[member.name] else {
                #expect(!member.isAlwaysThere, "\(path): \(member.name)")
                continue
            }
            guard let place = text.range(of: "\"\(member.name)\":")?.lowerBound else {
                Issue.record("\(path): \(member.name)")
                continue
            }
            #expect(place >= last, "\(path): \(member.name) is written elsewhere")
            last = place
            if value is NSNull {
                #expect(member.isNullable, "\(path): \(member.name)")
                continue
            }
            let fits =
                switch member.kind {
                case .text: value is String
                case .integer: value is Int
                case .boolean: value is Bool
                case .texts: value is [String]
                case .textOrTexts: value is String || value is [String]
                case .object: value is [String: Any]
                case .objects: value is [[String: Any]]
                }
            #expect(fits, "\(path): \(member.name)")
            switch member.kind {
            case .object(let inner): check(value, inner, in: text, "\(path) \(member.name)")
            case .objects(let inner):
                for element in value as? [Any] ?? [] { check(element, inner, in: text, "\(path) \(member.name)") }
            default: break
            }
        }
    }

    /// What the rules refuse, and with which challenges, is what the pages tell.
    @Test func refusalsAreDescribed() throws {
        func endpoint(_ method: HTTPMethod, _ path: String) throws -> Endpoint {
            try #require(Self.endpoints.first { $0.method == method && $0.path == path })
        }
        for row in Self.endpoints {
            for case .error(let refusal) in row.answers.map(\.body) { #expect(row.describes(refusal)) }
        }
        let token = try endpoint(.POST, "/api/v1/auth/token")
        func refusal(_ code: TokenError.Code, _ text: String, basicTried: Bool = false) -> ErrorBody {
            ErrorBody(TokenError(code, text), basicTried: basicTried)
        }
        for told in [
            refusal(.invalidRequest, "Missing form parameter: grant_type"),
            refusal(.unsupportedGrantType, "Unsupported grant_type"), refusal(.invalidScope, "Invalid scopes: admin"),
            refusal(.unauthorizedClient, "Client not allowed for this grant"),
            refusal(.invalidRequest, "No refresh token"), refusal(.invalidGrant, "Stale token"),
            refusal(.invalidGrant, "Session not active"), refusal(.invalidGrant, "Workstation restriction"),
            refusal(.invalidGrant, "Maximum allowed refresh token reuse exceeded"),
            refusal(.invalidClient, "Invalid client"), refusal(.invalidClient, "Invalid client", basicTried: true),
            ErrorBody(RequestFault(.severalClientMethods)), ErrorBody(RequestFault(.unreadable)),
        ] { #expect(token.describes(told), "\(told.message)") }
        #expect(!token.describes(refusal(.invalidGrant, "Something else")))
        #expect(!token.describes(refusal(.invalidScope, "Stale token")))
        #expect(!token.describes(.unauthorized(challenges: [ErrorBody.bearerChallenge])))
        for (method, path) in [(HTTPMethod.GET, "userinfo"), (.POST, "logout"), (.GET, "sessions")] {
            let row = try endpoint(method, "/api/v1/auth/\(path)")
            #expect(row.describes(.unauthorized(challenges: ["Bearer"])), "\(path)")
            #expect(row.describes(.unauthorized(challenges: ["Bearer error=\"invalid_token\""])), "\(path)")
            #expect(!row.describes(.unauthorized(challenges: [])), "\(path)")
        }
        let verify = try endpoint(.GET, "/api/v1/auth/verify")
        #expect(verify.describes(.unauthorized(challenges: ["Bearer"])))
        #expect(!verify.describes(.unauthorized(challenges: ["Basic realm=\"ldapauthd\""])))
    }

    /// A handler gets at nothing that its row does not list.
    @Test func unlistedParametersAreNotReadable() {
        let listed = Parameter(name: "a", place: .query, kind: .text, summary: "x", sample: "x")
        let other = Parameter(name: "b", place: .query, kind: .text, summary: "x", sample: "x")
        var request = EndpointRequest(
            incoming: IncomingRequest(
                head: HTTPRequestHead(version: .http1_1, method: .GET, uri: "/x?a=1&b=2"),
                body: .init(),
                isBodyTooLarge: false,
                peer: Peer(address: nil, isSecure: false)
            ),
            caller: Caller(nil, isSecure: false),
            id: "1"
        )
        #expect(request.value(of: listed) == nil)
        let endpoint = Endpoint(
            method: .GET,
            path: "/x",
            summary: "",
            carriesCredentials: false,
            caching: .never,
            parameters: [listed],
            answers: []
        ) { _ in .complete(OutgoingResponse(.ok)) }
        request.row = EndpointTable.Row(endpoint)
        #expect(request.value(of: listed) == "1")
        #expect(request.value(of: other) == nil)
        #expect(!request.has(other))
    }
}
