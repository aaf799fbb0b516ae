/// The JWKS document (RFC 7517 §5).
///
/// Written here because JWTKit's JWK has no `use` and spells EC coordinates in standard base64.
enum KeySetDocument {
    /// The keys in the given order.
    static func encode(_ keys: [VerifyingKey]) -> [UInt8] {
        var document = Array(#"{"keys":["#.utf8)
        for (index, key) in keys.enumerated() {
            if index > 0 { document.append(UInt8(ascii: ",")) }
            document.append(contentsOf: key.jwk)
        }
        document.append(contentsOf: "]}".utf8)
        return document
    }
}
