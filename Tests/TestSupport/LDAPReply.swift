// API: TCPFake step .reply { LDAPReply.bind(to: $0, resultCode: 49, diagnostic: "…data 773…", controls: [(oid, value)]) }
//      LDAPReply.searchDone(to:), LDAPReply.entry(to:dn:attributes:), LDAPReply.extended(to:)

/// LDAP answers written by hand for scripted servers (RFC 4511).
public enum LDAPReply {
    /// The message id of a request; 0 when it is none.
    public static func messageID(of request: [UInt8]) -> Int {
        guard request.count > 4, request[0] == 0x30 else { return 0 }
        let head = request[1] < 0x80 ? 2 : 2 + Int(request[1] & 0x7F)
        guard request.count > head + 2, request[head] == 0x02 else { return 0 }
        let count = Int(request[head + 1])
        guard request.count >= head + 2 + count else { return 0 }
        return request[(head + 2)..<(head + 2 + count)].reduce(0) { $0 << 8 | Int($1) }
    }

    /// The tag of a request's operation, e.g. 0x60 bind, 0x63 search, 0x77 extended, 0x42 unbind; nil when it is none.
    public static func operation(of request: [UInt8]) -> UInt8? {
        guard request.count > 4, request[0] == 0x30 else { return nil }
        let head = request[1] < 0x80 ? 2 : 2 + Int(request[1] & 0x7F)
        guard request.count > head + 1 else { return nil }
        let at = head + 2 + Int(request[head + 1])
        return at < request.count ? request[at] : nil
    }

    /// A BindResponse.
    public static func bind(
        to request: [UInt8],
        resultCode: UInt8 = 0,
        diagnostic: String = "",
        controls: [(oid: String, value: [UInt8])] = []
    ) -> [UInt8] {
        message(to: request, operation: result(0x61, resultCode, diagnostic), controls: controls)
    }

    /// A SearchResultDone.
    public static func searchDone(to request: [UInt8], resultCode: UInt8 = 0, diagnostic: String = "") -> [UInt8] {
        message(to: request, operation: result(0x65, resultCode, diagnostic))
    }

    /// An ExtendedResponse.
    public static func extended(to request: [UInt8], resultCode: UInt8 = 0, diagnostic: String = "") -> [UInt8] {
        message(to: request, operation: result(0x78, resultCode, diagnostic))
    }

    /// A SearchResultEntry.
    public static func entry(
        to request: [UInt8],
        dn: String,
        attributes: [(name: String, values: [String])] = []
    ) -> [UInt8] {
        let list = attributes.map { attribute in
            element(
                0x30,
                string(attribute.name) + element(0x31, attribute.values.flatMap { string($0) })
            )
        }
        return message(to: request, operation: element(0x64, string(dn) + element(0x30, list.flatMap { $0 })))
    }

    /// A SearchResultReference.
    public static func reference(to request: [UInt8], urls: [String]) -> [UInt8] {
        message(to: request, operation: element(0x73, urls.flatMap { string($0) }))
    }

    /// Any operation in a message that answers a request.
    public static func message(
        to request: [UInt8],
        operation: [UInt8],
        controls: [(oid: String, value: [UInt8])] = []
    ) -> [UInt8] {
        let id = UInt32(messageID(of: request))
        let number = element(
            0x02,
            [UInt8(id >> 24 & 0xFF), UInt8(id >> 16 & 0xFF), UInt8(id >> 8 & 0xFF), UInt8(id & 0xFF)]
        )
        let list = controls.flatMap { element(0x30, string($0.oid) + element(0x04, $0.value)) }
        return element(0x30, number + operation + (controls.isEmpty ? [] : element(0xA0, list)))
    }

    /// A BER element.
    public static func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        if count < 0x80 { return [tag, UInt8(count)] + content }
        return [tag, 0x84] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + content
    }

    private static func string(_ text: String) -> [UInt8] { element(0x04, Array(text.utf8)) }

    private static func result(_ tag: UInt8, _ code: UInt8, _ diagnostic: String) -> [UInt8] {
        element(tag, element(0x0A, [code]) + string("") + string(diagnostic))
    }
}
