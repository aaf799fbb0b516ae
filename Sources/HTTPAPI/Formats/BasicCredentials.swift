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
        guard let octets = Base64.decode(text), let colon = octets.firstIndex(of: UInt8(ascii: ":")) else {
            return nil
        }
        let user = octets[..<colon]
        let secret = octets[(colon + 1)...]
        userID = String(decoding: user, as: UTF8.self)
        password = Password(secret)
        isEncoded = octets.contains { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }
        decodedUserID = isEncoded ? String(decoding: FormReader.decode(user), as: UTF8.self) : userID
        decodedPassword = isEncoded ? Password(FormReader.decode(secret)) : password
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
