import Foundation
import Testing
import Tokens

@testable import HTTPAPI

@Suite("Discovery", .timeLimit(.minutes(2)))
struct DiscoveryTests {
    @Test(arguments: ["oauth-authorization-server", "openid-configuration"])
    func document(_ name: String) async throws {
        try await TestServer.with { server in
            let connection = try await RawConnection.open(port: server.port)
            let answer = try await connection.request("GET", "/.Well-Known/\(name)")
            #expect(answer.status == 200)
            #expect(answer["Content-Type"] == "application/json; charset=utf-8")
            #expect(answer["Cache-Control"] == "public, max-age=300")
            let tag = try #require(answer["ETag"])
            let again = try await connection.request("GET", "/.well-known/\(name)", headers: ["If-None-Match: \(tag)"])
            #expect(again.status == 304)
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
            )
            #expect(json["issuer"] as? String == "https://auth.example")
            #expect(json["token_endpoint"] as? String == "https://auth.example/api/v1/auth/token")
            #expect(json["introspection_endpoint"] as? String == "https://auth.example/api/v1/auth/introspect")
            #expect(json["revocation_endpoint"] as? String == "https://auth.example/api/v1/auth/revoke")
            #expect(json["userinfo_endpoint"] as? String == "https://auth.example/api/v1/auth/userinfo")
            #expect(json["jwks_uri"] as? String == "https://auth.example/.well-known/jwks.json")
            #expect(json["grant_types_supported"] as? [String] == ["password", "refresh_token", "client_credentials"])
            #expect(json["authorization_endpoint"] == nil, "there is none")
            let isOpenID = name == "openid-configuration"
            #expect((json["subject_types_supported"] as? [String] == ["public"]) == isOpenID)
            let algorithms = json["id_token_signing_alg_values_supported"] as? [String]
            #expect(algorithms == (isOpenID ? ["ES256", "RS256"] : nil))
            // RFC 8414 §3.2: members with zero elements are left out.
            #expect(!answer.body.contains("[]"))
            #expect(try await connection.request("POST", "/.well-known/\(name)").status == 405)
            let head = try await connection.request("HEAD", "/.well-known/\(name)")
            #expect(head["Content-Length"] == "\(answer.body.utf8.count)")
        }
    }

    @Test func withABasePath() async throws {
        let tokens = ScriptedTokens(issuer: "https://auth.example/DevTrackAPI")
        try await TestServer.with(tokens, { $0.basePath = "/DevTrackAPI" }) { server in
            let connection = try await RawConnection.open(port: server.port)
            for name in ["oauth-authorization-server", "openid-configuration"] {
                let below = try await connection.request("GET", "/DevTrackAPI/.well-known/\(name)")
                // RFC 8414 §3.1: between the host and the issuer's path.
                let before = try await connection.request("GET", "/.well-known/\(name)/devtrackapi")
                #expect(below.status == 200)
                #expect(before.body == below.body)
                #expect(below.body.contains("\"https://auth.example/DevTrackAPI/api/v1/auth/token\""))
                #expect(try await connection.request("GET", "/.well-known/\(name)").status == 404)
            }
            #expect(try await connection.request("GET", "/.well-known/jwks.json/DevTrackAPI").status == 404)
        }
    }

    @Test func anIssuerThatEndsWithASlash() {
        let document = DiscoveryDocument(
            metadata: IssuerMetadata(issuer: "https://auth.example/", grants: [.password], algorithms: ["EdDSA"]),
            isOpenID: false
        )
        let text = String(decoding: JSONWriter.octets(of: document), as: UTF8.self)
        #expect(text.contains("\"issuer\":\"https://auth.example/\""))
        #expect(text.contains("\"https://auth.example/api/v1/auth/token\""))
    }
}
