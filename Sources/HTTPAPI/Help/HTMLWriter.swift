/// Writes HTML: every text and attribute is escaped, and there is no way to write what is not.
struct HTMLWriter {
    private(set) var html = ""

    /// Writes an element with what `children` writes.
    mutating func element(
        _ name: StaticString,
        _ attributes: KeyValuePairs<StaticString, String> = [:],
        _ children: (inout HTMLWriter) -> Void
    ) {
        open(name, attributes)
        children(&self)
        html += "</\(name)>"
    }

    /// Writes an element that holds a text.
    mutating func element(_ name: StaticString, _ text: String) { element(name, [:], text) }

    /// Writes an element that holds a text.
    mutating func element(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String>, _ text: String) {
        element(name, attributes) { $0.text(text) }
    }

    /// Writes an element that has no end tag, such as `meta`.
    mutating func open(_ name: StaticString, _ attributes: KeyValuePairs<StaticString, String> = [:]) {
        html += "<\(name)"
        for (name, value) in attributes {
            html += " \(name)=\"\(Self.escape(value))\""
        }
        html += ">"
    }

    /// Writes characters.
    mutating func text(_ text: String) { html += Self.escape(text) }

    /// Writes sentences in which `backticks` mark code.
    mutating func prose(_ text: String) {
        for (index, part) in text.split(separator: "`", omittingEmptySubsequences: false).enumerated() {
            if index.isMultiple(of: 2) {
                self.text(String(part))
            } else {
                element("code", String(part))
            }
        }
    }

    private static func escape(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
