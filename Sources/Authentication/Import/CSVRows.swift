/// Reads the rows of RFC 4180, one after the other: fields in quotes may hold commas, line ends and doubled quotes.
struct CSVRows {
    struct Row: Equatable {
        /// Where it begins, from 1.
        var line: Int
        var fields: [String]
    }

    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var line = 1

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    /// nil at the end.
    /// - Throws: `.invalid` for a quote that is never closed, or stands in the middle: where rows begin nobody knows then.
    mutating func next() throws(AccountError) -> Row? {
        guard place < scalars.count else { return nil }
        var row = Row(line: line, fields: [])
        while true {
            row.fields.append(try field(row.line))
            guard place < scalars.count else { return row }
            let end = scalars[place]
            place += 1
            if end == "," { continue }
            line += 1
            return row
        }
    }

    /// Stops before the comma or the line feed that ends it.
    private mutating func field(_ begin: Int) throws(AccountError) -> String {
        var text = String.UnicodeScalarView()
        guard place < scalars.count, scalars[place] == "\"" else {
            while place < scalars.count, scalars[place] != ",", scalars[place] != "\n" {
                guard scalars[place] != "\"" else { throw stray }
                text.append(scalars[place])
                place += 1
            }
            return Self.withoutReturn(text, atLineEnd: place == scalars.count || scalars[place] == "\n")
        }
        place += 1
        while place < scalars.count {
            let scalar = scalars[place]
            place += 1
            guard scalar == "\"" else {
                if scalar == "\n" { line += 1 }
                text.append(scalar)
                continue
            }
            if place < scalars.count, scalars[place] == "\"" {
                text.append("\"")
                place += 1
                continue
            }
            if place + 1 < scalars.count, scalars[place] == "\r", scalars[place + 1] == "\n" { place += 1 }
            guard place == scalars.count || scalars[place] == "," || scalars[place] == "\n" else { throw stray }
            return String(text)
        }
        throw AccountError(.invalid, "line \(begin) opens a quotation mark that is never closed: close it")
    }

    private var stray: AccountError {
        AccountError(
            .invalid,
            "line \(line) has a quotation mark in the middle of a field: put the whole field in quotes, and double those in it"
        )
    }

    private static func withoutReturn(_ text: String.UnicodeScalarView, atLineEnd: Bool) -> String {
        atLineEnd && text.last == "\r" ? String(text.dropLast()) : String(text)
    }
}
