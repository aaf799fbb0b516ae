/// One message from the server.
enum ServerMessage {
    case entry(messageID: Int32, LDAPEntry)
    case reference(messageID: Int32)
    case result(messageID: Int32, kind: OperationKind, ServerResult)
    /// RFC 4511 §4.4; a notice of disconnection is one of these.
    case unsolicited(ServerResult)
    /// An intermediate response, or a kind that no request here asks for.
    case other
}

/// An LDAPResult (RFC 4511 §4.1.9) with its controls.
struct ServerResult: Equatable {
    var code: LDAPResultCode
    var diagnosticMessage = ""
    var controls: [LDAPControl] = []
}
