internal import Authentication
internal import CSystemd
internal import Glibc
internal import Logging

/// The journal's native protocol through sd_journal_sendv(3): each field by itself, for `journalctl LDAPAUTHD_USER=alice`.
struct JournalLog: LogDestination {
    /// Fields as the journal wants them: upper-case names, any bytes as values (systemd.journal-fields(7)).
    func encode(_ record: LogRecord) -> LogEntry {
        var entry = LogEntry()
        entry.bytes.reserveCapacity(1024)
        entry.bytes += "MESSAGE=".utf8
        TextLog.append(bodyOf: record, to: &entry.bytes)
        entry.ends.append(entry.bytes.count)
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
        var field = Array("LDAPAUTHD_".utf8)
        for octet in name.utf8 where field.count < 64 {
            switch octet {
            case UInt8(ascii: "a")...UInt8(ascii: "z"): field.append(octet - 0x20)
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): field.append(octet)
            // The rest of a character whose first octet has become an underscore.
            case 0x80...0xBF: break
            default: field.append(UInt8(ascii: "_"))
            }
        }
        return String(decoding: field, as: UTF8.self)
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
