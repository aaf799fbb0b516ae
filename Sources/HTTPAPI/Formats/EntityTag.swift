/// Validators of documents that are made anew for each request (RFC 9110 §8.8.3).
enum EntityTag {
    /// FNV-1a, so that every node gives the same document the same tag.
    static func of(_ body: [UInt8]) -> String {
        let hash = body.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        return "\"\(String(hash, radix: 16))\""
    }

    /// RFC 9110 §13.1.2: a list of tags compared weakly, or `*`.
    static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { element in
            let element = ScalarText.trimmed(String(element))
            return element == "*" || element == tag || element == "W/" + tag
        }
    }
}
