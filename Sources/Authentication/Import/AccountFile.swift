/// A file of accounts, read: what it names, what is wrong with it, and what is left out.
public struct AccountFile: Sendable {
    /// A line, and a sentence about it.
    public struct Remark: Sendable, Hashable {
        /// From 1.
        public var line: Int
        /// Names the field, the fault and the remedy; never a hash.
        public var sentence: String
    }

    /// What it looks like inside.
    public enum Format: String, Sendable, Hashable, CaseIterable {
        /// `name:hash`, of Apache's htpasswd(1).
        case htpasswd
        /// shadow(5).
        case shadow
        /// RFC 4180, with the names of the fields in the first line.
        case csv
    }

    /// A file with more accounts is refused: all of them go in one transaction.
    public static let limit = 100_000

    /// In which format it was read.
    public internal(set) var format: Format
    /// In the order of the file.
    public internal(set) var records: [AccountRecord] = []
    /// Lines that cannot be read.
    public internal(set) var problems: [Remark] = []
    /// Lines that name nobody who could log in, and what an account here cannot hold.
    public internal(set) var notes: [Remark] = []

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - octets: UTF-8, lines ended as on Unix or Windows.
    ///   - format: nil finds out.
    /// - Throws: `.invalid` when it is no such file at all.
    public init(_ octets: [UInt8], format given: Format? = nil, now: Timestamp = SystemWallClock().now())
        throws(AccountError)
    {
        // Of the byte order mark that some editors write (RFC 3629 §6) nothing follows.
        let octets = octets.starts(with: [0xEF, 0xBB, 0xBF]) ? octets.dropFirst(3) : octets[...]
        guard let text = String(validating: octets, as: UTF8.self) else {
            let line = Self.firstBadLine(octets)
            throw AccountError(.invalid, "line \(line) is not UTF-8: convert the file, for example with iconv(1)")
        }
        guard !text.utf8.contains(0) else { throw AccountError(.invalid, "the file is no text") }
        let format: Format
        if let given { format = given } else { format = try Self.format(of: text) }
        self.format = format
        switch format {
        case .htpasswd: readLines(text) { Self.htpasswd($0, $1) }
        case .shadow: readLines(text) { Self.shadow($0, $1, now) }
        case .csv: try readCSV(text)
        }
        guard records.count <= Self.limit else {
            throw AccountError(
                .invalid,
                "the file has \(records.count) accounts, and \(Self.limit) go in at once: split it"
            )
        }
    }

    // MARK: Lines of fields with colons

    /// What a line comes to.
    struct Line {
        var record: AccountRecord?
        var problem: String?
        var notes: [String] = []
    }

    private mutating func readLines(_ text: String, _ read: (Int, [Substring]) -> Line) {
        for (index, line) in Self.lines(of: text) {
            let line = read(index, line.split(separator: ":", omittingEmptySubsequences: false))
            if let record = line.record { records.append(record) }
            if let problem = line.problem { problems.append(Remark(line: index, sentence: problem)) }
            notes += line.notes.map { Remark(line: index, sentence: $0) }
        }
    }

    private static func lines(of text: String) -> [(Int, Substring)] {
        // Not by Character: of “\r\n” it makes one.
        text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
            index,
            line in
            let line = line.last == "\r" ? line.dropLast() : line
            guard !line.allSatisfy(\.properties.isWhitespace), line.first != "#" else { return nil }
            return (index + 1, Substring(line))
        }
    }

    /// What follows the hash is a comment (mod_authn_file reads no further).
    private static func htpasswd(_ number: Int, _ fields: [Substring]) -> Line {
        guard fields.count >= 2 else {
            return Line(problem: "there is no colon: a line is NAME:HASH; mend it or leave it out")
        }
        guard !fields[1].isEmpty else {
            return Line(problem: "the hash is empty: nobody could log in with it; leave the line out")
        }
        return Line(record: AccountRecord(line: number, name: String(fields[0]), passwordHash: String(fields[1])))
    }

    /// shadow(5): name, hash, day of the last change, four ages, day of expiry.
    private static func shadow(_ number: Int, _ fields: [Substring], _ now: Timestamp) -> Line {
        guard fields.count == 9 else {
            return Line(problem: "it has \(fields.count) fields, and shadow(5) has 9; mend it or leave it out")
        }
        let name = LogText.escaped(String(fields[0]))
        let unlocked = fields[1].drop { $0 == "!" }
        guard !fields[1].isEmpty else {
            return Line(
                problem: "the hash is empty: “\(name)” logs in without a password; set one, or leave the line out"
            )
        }
        // Neither “*” nor “!” nor “!!” nor “*LK*” nor “!*” is a hash, and each says that there is none.
        guard !unlocked.isEmpty, !unlocked.hasPrefix("*") else {
            return Line(notes: ["“\(name)” has no password and is left out"])
        }
        var record = AccountRecord(line: number, name: String(fields[0]), passwordHash: String(unlocked))
        var notes: [String] = []
        if unlocked.count != fields[1].count {
            record.isDisabled = true
            notes.append("“\(name)” is locked and will be disabled here")
        }
        if let day = Int64(fields[2]) {
            if day == 0 { notes.append("“\(name)” must change the password at the next login there, but not here") }
            if 1...1_000_000 ~= day { record.passwordChangedAt = min(now, Timestamp(seconds: day * 86_400)) }
        }
        if let day = Int64(fields[7]), 0...1_000_000 ~= day {
            if day * 86_400 <= now.seconds {
                record.isDisabled = true
                notes.append("“\(name)” has expired and will be disabled here")
            } else {
                notes.append("“\(name)” has a day of expiry, which accounts here have not: disable it then")
            }
        }
        return Line(record: record, notes: notes)
    }

    // MARK: What it is

    private static func format(of text: String) throws(AccountError) -> Format {
        guard let (_, line) = lines(of: text).first else {
            throw AccountError(.invalid, "the file is empty")
        }
        switch line.split(separator: ":", omittingEmptySubsequences: false).count {
        case 1 where line.contains(","): return .csv
        case 2, 3: return .htpasswd
        case 9: return .shadow
        case 7:
            throw AccountError(
                .invalid,
                "the file looks like /etc/passwd, which holds no passwords: give /etc/shadow"
            )
        default:
            throw AccountError(
                .invalid,
                "the file looks neither like htpasswd (NAME:HASH) nor like shadow (9 fields with colons) nor like CSV with the "
                    + "names of its columns in the first line: say what it is with --htpasswd, --shadow or --csv"
            )
        }
    }

    private static func firstBadLine(_ octets: ArraySlice<UInt8>) -> Int {
        var number = 1
        for line in octets.split(separator: 0x0A, omittingEmptySubsequences: false) {
            if String(validating: line, as: UTF8.self) == nil { return number }
            number += 1
        }
        return number
    }
}
