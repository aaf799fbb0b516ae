/// `{username}` and `{login}` in the text of a setting.
enum Placeholders {
    /// The names known.
    static let known = ["username", "login"]

    /// A piece of a text with placeholders.
    enum Piece: Sendable, Hashable {
        case literal([UInt8])
        case username
        case login
    }

    /// A brace pair with a name inside that is none of ours.
    struct Unknown: Error {
        let name: String
    }

    /// Takes a text apart. Braces around anything but ASCII letters, digits, `_` and `-` are literal.
    static func pieces(of text: [UInt8]) throws(Unknown) -> [Piece] {
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var rest = text[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "{"), let end = rest.firstIndex(of: UInt8(ascii: "}")),
                rest.startIndex < end, rest[..<end].allSatisfy(isNameOctet)
            else {
                literal.append(byte)
                continue
            }
            let name = String(decoding: rest[..<end], as: UTF8.self)
            if !literal.isEmpty { pieces.append(.literal(literal)) }
            literal = []
            switch name {
            case "username": pieces.append(.username)
            case "login": pieces.append(.login)
            default: throw Unknown(name: name)
            }
            rest = rest[rest.index(after: end)...]
        }
        if !literal.isEmpty { pieces.append(.literal(literal)) }
        return pieces
    }

    private static func isNameOctet(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// The sentence for an unknown one.
    static func explain(_ unknown: Unknown) -> String {
        "{\(unknown.name)} is no placeholder; known are {username} and {login}"
    }
}
