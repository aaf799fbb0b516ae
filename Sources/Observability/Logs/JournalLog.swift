internal import Authentication
internal import CSystemd
internal import Glibc
internal import Logging

/// The journal's native protocol through sd_journal_sendv(3): each field by itself, for `journalctl LDAPAUTHD_USER=alice`.
struct JournalLog: LogDestination {
    /// Fields as the journal wants them: upper-case names, any bytes as values (systemd.journal-fields(7)).
    func encode(_ record: LogRecord) -> LogEntry {
        var entry = LogEntry()
        entry.add("MESSAGE", TextLog.body(of: record))
        entry.add("PRIORITY", String(Self.priority(of: record.level)))
        entry.add("SYSLOG_IDENTIFIER", ProgramName.identifier)
        if let id = record.messageID { entry.add("MESSAGE_ID", id) }
        entry.add("LDAPAUTHD_LOGGER", record.label)
        for (name, value) in record.fields { entry.add(Self.fieldName(name), value.description) }
        return entry
    }

    /// One call each; when the journal does not answer the record is lost, as sd_journal_sendv(3) says.
    func write(_ entries: [LogEntry]) {
        for entry in entries {
            _ = unsafe entry.bytes.withUnsafeBytes { bytes in
                var start = 0
                var vectors: [iovec] = unsafe []
                for end in entry.ends {
                    unsafe vectors.append(
                        iovec(
                            iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: start)),
                            iov_len: end - start
                        )
                    )
                    start = end
                }
                return unsafe sd_journal_sendv(vectors, CInt(vectors.count))
            }
        }
    }

    /// True when there is a journal to talk to.
    static var isReachable: Bool { unsafe access("/run/systemd/journal/socket", W_OK) == 0 }

    /// syslog(3)'s figures.
    static func priority(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// `request_id` → `LDAPAUTHD_REQUEST_ID`: capitals, digits and underscores, at most 64 characters.
    static func fieldName(_ name: String) -> String {
        let characters = name.unicodeScalars.map { scalar -> Character in
            let isPlain = scalar.value < 0x80 && (scalar.properties.isAlphabetic || 0x30...0x39 ~= scalar.value)
            return isPlain ? Character(scalar.properties.uppercaseMapping) : "_"
        }
        return String(("LDAPAUTHD_" + characters).prefix(64))
    }
}

extension LogEntry {
    fileprivate mutating func add(_ name: String, _ value: String) {
        bytes += name.utf8
        bytes.append(UInt8(ascii: "="))
        bytes += value.utf8
        ends.append(bytes.count)
    }
}
