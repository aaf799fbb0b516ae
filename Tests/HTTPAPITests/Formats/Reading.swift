import Authentication
import HTTPAPI
import Tokens

/// Requests and faults as short texts, so that a table row can say what is expected.
enum Reading {
    static let json = "application/json"
    static let xml = "application/xml"
    static let form = "application/x-www-form-urlencoded"

    static func octets(_ password: Password?) -> [UInt8]? {
        password.map { $0.withUnsafeBytes { Array($0) } }
    }

    static func text(_ password: Password?) -> String? {
        octets(password).map { String(decoding: $0, as: UTF8.self) }
    }

    /// `name=value` of everything that is not missing, null, 0 or false; or `400 key: message`.
    static func login(_ body: [UInt8], _ contentType: String?, authorization: String? = nil) -> String {
        do throws(RequestFault) {
            let request = try RequestReader.login(body: body, contentType: contentType, authorization: authorization)
            return describe([
                ("Grant_type", request.grantType), ("UserName", request.username),
                ("Password", text(request.password)),
                ("LDAPServerId", request.directory == 0 ? nil : "\(request.directory)"),
                ("IsInSessionAuth", request.inSession == 0 ? nil : "\(request.inSession)"),
                ("bearer", request.bearer),
            ])
        } catch {
            return describe(error)
        }
    }

    static func login(_ body: String, _ contentType: String?, authorization: String? = nil) -> String {
        login(Array(body.utf8), contentType, authorization: authorization)
    }

    static func token(_ body: [UInt8], _ contentType: String?, authorization: String? = nil) -> String {
        do throws(RequestFault) {
            let request = try RequestReader.token(body: body, contentType: contentType, authorization: authorization)
            return describe([
                ("WindowsAuthentication", request.windowsAuthentication ? "true" : nil),
                ("client_id", request.client.id), ("client_secret", text(request.client.secrets.first)),
                ("scope", request.scope), ("username", request.username), ("password", text(request.password)),
                ("grant_type", request.grantType), ("refresh_token", request.refreshToken),
            ])
        } catch {
            return describe(error)
        }
    }

    static func token(_ body: String, _ contentType: String?, authorization: String? = nil) -> String {
        token(Array(body.utf8), contentType, authorization: authorization)
    }

    static func describe(_ fault: RequestFault) -> String {
        let body = ErrorBody(fault)
        let state = body.modelState.map { "\($0.key): \($0.message)" }.joined(separator: " | ")
        return "\(body.status) \(state.isEmpty ? body.message : state)"
    }

    private static func describe(_ members: [(String, String?)]) -> String {
        members.compactMap { name, value in value.map { "\(name)=\($0)" } }.joined(separator: " ")
    }

    /// The octets of a text in UTF-16.
    static func utf16(_ text: String, bigEndian: Bool = false, bom: Bool) -> [UInt8] {
        ((bom ? [0xFEFF] : []) + Array(text.utf16)).flatMap { unit in
            let octets = [UInt8(unit >> 8), UInt8(unit & 0xFF)]
            return bigEndian ? octets : octets.reversed()
        }
    }
}
