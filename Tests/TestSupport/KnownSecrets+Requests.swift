import FoundationEssentials

/// Finds the secrets in what clients send and get.
extension KnownSecrets {
    private static let names: Set<String> = [
        "password", "new_password", "old_password", "client_secret", "clientsecret", "refresh_token", "access_token",
        "token",
        "id_token",
    ]

    /// What a curl(1) with these arguments, and this body on standard input, would send.
    public func note(curl arguments: [String], body: [UInt8]? = nil) {
        var option = ""
        for argument in arguments {
            switch option {
            case "-u", "--user", "--proxy-user":
                // Basic (RFC 7617 §2): the password is what follows the first colon.
                guard let colon = argument.firstIndex(of: ":") else { break }
                add(name: String(argument[..<colon]))
                add(String(argument[argument.index(after: colon)...]))
                if colon != argument.startIndex { add(token: Data(argument.utf8).base64EncodedString()) }
            case "-H", "--header": note(header: argument)
            case "-d", "--data", "--data-raw", "--data-binary", "--data-urlencode", "--data-ascii":
                note(form: argument, isEncoded: option != "--data-urlencode")
                note(text: argument)
            case "--oauth2-bearer": add(token: argument)
            default: break
            }
            option = argument
        }
        if let body {
            let text = String(decoding: body, as: UTF8.self)
            note(form: text)
            note(text: text)
        }
    }

    /// A line `Authorization: …`; others have none.
    public func note(header line: String) {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        guard words.count == 3, words[0].lowercased() == "authorization:" else { return }
        if words[1].lowercased() == "basic" {
            add(token: words[2])
            guard let octets = Data(base64Encoded: words[2]).map(Array.init),
                let colon = octets.firstIndex(of: UInt8(ascii: ":"))
            else { return }
            add(Array(octets[(colon + 1)...]))
        } else {
            // Bearer and Negotiate.
            add(token: words[2])
        }
    }

    /// `name=value&…` (application/x-www-form-urlencoded).
    ///
    /// - Parameter isEncoded: false for one field that curl encodes itself.
    public func note(form: String, isEncoded: Bool = true) {
        for field in isEncoded ? form.split(separator: "&") : [form[...]] {
            guard let equals = field.firstIndex(of: "=") else { continue }
            let name = field[..<equals].lowercased()
            let value = field[field.index(after: equals)...]
            let octets = isEncoded ? Self.decoded(value) : Array(value.utf8)
            if name == "username" { add(name: String(decoding: octets, as: UTF8.self)) }
            guard Self.names.contains(name) else { continue }
            if name.hasSuffix("token") { add(token: String(decoding: octets, as: UTF8.self)) } else { add(octets) }
        }
    }

    /// Members of a JSON body and elements of an XML body, sent or received.
    public func note(text: String) {
        guard text.utf8.count < 65_536 else { return }
        let member = /"([A-Za-z_]+)"\s*:\s*"((?:[^"\\]|\\.)*)"/
        let element = /<([A-Za-z_]+)>([^<]+)</
        for found in text.matches(of: member) { note(found.output.1, found.output.2) }
        for found in text.matches(of: element) { note(found.output.1, found.output.2) }
    }

    private func note(_ name: Substring, _ value: Substring) {
        let name = name.lowercased()
        if name == "username" { add(name: String(value)) }
        guard Self.names.contains(name) else { return }
        if name.hasSuffix("token") { add(token: String(value)) } else { add(String(value)) }
    }

    private static func decoded(_ value: Substring) -> [UInt8] {
        var octets: [UInt8] = []
        var rest = Array(value.utf8)[...]
        while let octet = rest.popFirst() {
            if octet == UInt8(ascii: "%"), rest.count >= 2,
                let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                octets.append(code)
                rest = rest.dropFirst(2)
            } else {
                octets.append(octet == UInt8(ascii: "+") ? UInt8(ascii: " ") : octet)
            }
        }
        return octets
    }
}
