public import Authentication
public import Tokens

/// What `Authorization: Basic` holds (RFC 7617), as octets and, for OAuth clients, undone from form-encoding.
public struct BasicCredentials: Sendable {
    /// Before the first colon, read as UTF-8.
    public let userID: String
    /// Behind it.
    public let password: Password
    private let decodedUserID: String
    private let decodedPassword: Password
    private let isEncoded: Bool

    /// Reads the base64 text behind the scheme; nil when it is none or holds no colon.
    init?(base64 text: some Collection<UInt8>) {
        guard var octets = Base64.decode(text) else { return nil }
        self.init(wiping: &octets)
    }

    /// Reads `user:password` and leaves zeros. No slice of the octets is kept, or there would be a copy to wipe.
    init?(wiping octets: inout [UInt8]) {
        defer { octets.wipe() }
        guard let colon = octets.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        userID = String(decoding: octets[..<colon], as: UTF8.self)
        password = Password(octets[(colon + 1)...])
        isEncoded = octets.contains { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }
        guard isEncoded else {
            decodedUserID = userID
            decodedPassword = password
            return
        }
        decodedUserID = String(decoding: FormReader.decode(octets[..<colon]), as: UTF8.self)
        var decoded = FormReader.decode(octets[(colon + 1)...])
        defer { decoded.wipe() }
        decodedPassword = Password(decoded)
    }

    /// The same as a client's: form-decoded first (RFC 6749 §2.3.1), then as they stand, because many do not encode.
    public var client: ClientCredentials {
        ClientCredentials(
            id: decodedUserID,
            secrets: isEncoded ? [decodedPassword, password] : [password],
            alternativeIDs: isEncoded ? [decodedUserID, userID] : [userID],
            method: .basic
        )
    }
}
