import Authentication
import Foundation
import Glibc
import Logging
import Testing

@testable import Observability

@Suite(.serialized) struct JournalTests {
    var event: AuditEvent {
        var event = AuditEvent(.login)
        event.user = "alice\nMESSAGE=forged"
        event.userID = 12
        event.requestID = "r-1"
        return event
    }

    @Test func fieldsAreNamedAsTheJournalWantsThem() {
        let entry = JournalLog().encode(AuditLog.record(of: event, at: Timestamp(seconds: 0)))
        var start = 0
        let fields = entry.ends.map { end in
            defer { start = end }
            return String(decoding: entry.bytes[start..<end], as: UTF8.self)
        }
        #expect(
            fields == [
                "MESSAGE=login event=login user=\"alice\\nMESSAGE=forged\" user_id=12 request_id=r-1",
                "PRIORITY=6", "SYSLOG_IDENTIFIER=ldapauthd", "MESSAGE_ID=\(AuditEvent.Kind.login.messageID)",
                "LDAPAUTHD_LOGGER=audit", "LDAPAUTHD_EVENT=login", "LDAPAUTHD_USER=alice\nMESSAGE=forged",
                "LDAPAUTHD_USER_ID=12", "LDAPAUTHD_REQUEST_ID=r-1",
            ]
        )
    }

    @Test(arguments: [
        ("request_id", "LDAPAUTHD_REQUEST_ID"), ("a.b-c d", "LDAPAUTHD_A_B_C_D"), ("x=y\n", "LDAPAUTHD_X_Y_"),
        ("ß", "LDAPAUTHD__"), (String(repeating: "a", count: 99), "LDAPAUTHD_" + String(repeating: "A", count: 54)),
    ])
    func fieldNames(_ name: String, _ field: String) {
        #expect(JournalLog.fieldName(name) == field)
    }

    @Test(arguments: [
        (Logger.Level.trace, 7), (.debug, 7), (.info, 6), (.notice, 5), (.warning, 4), (.error, 3), (.critical, 2),
    ])
    func priorities(_ level: Logger.Level, _ priority: Int) {
        #expect(JournalLog.priority(of: level) == priority)
    }

    /// The path is fixed in libsystemd; where no journal runs and we may, a socket of ours stands in for it.
    static var canStandIn: Bool {
        geteuid() == 0 && access("/run/systemd/journal", F_OK) != 0 && access("/run", W_OK) == 0
    }

    @Test(.enabled(if: canStandIn)) func datagramsAreOfTheNativeProtocol() throws {
        let hadSystemd = access("/run/systemd", F_OK) == 0
        mkdir("/run/systemd", 0o755)
        mkdir("/run/systemd/journal", 0o755)
        defer {
            rmdir("/run/systemd/journal")
            if !hadSystemd { rmdir("/run/systemd") }
        }
        let journal = try DatagramSocket("/run/systemd/journal/socket")
        defer { unlink(journal.name) }
        let pipe = Pipe()
        let output = LogOutput(format: .journald, descriptor: pipe.writing)
        AuditLog(output).record(event)
        #expect(output.flush(within: .seconds(10)))
        let fields = Self.parse(try #require(journal.receive()))
        #expect(fields["LDAPAUTHD_USER"] == ["alice\nMESSAGE=forged"])
        #expect(fields["MESSAGE"]?.count == 1)
        #expect(fields["MESSAGE_ID"] == [AuditEvent.Kind.login.messageID])
        #expect(fields["PRIORITY"] == ["6"])
        #expect(fields["SYSLOG_IDENTIFIER"] == ["ldapauthd"])
        #expect(pipe.contents().isEmpty)
    }

    @Test(.enabled(if: access("/run/systemd/journal/socket", F_OK) != 0))
    func withoutAJournalTheTextGoesToStandardError() {
        let pipe = Pipe()
        let output = LogOutput(format: .journald, descriptor: pipe.writing)
        AuditLog(output).record(event)
        #expect(output.flush(within: .seconds(10)))
        let lines = pipe.contents().split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.contains("no journal runs here") == true)
        #expect(lines.last?.contains("event=login") == true)
    }

    /// systemd's native journal protocol: `NAME=value\n`, or `NAME\n`, a length of 64 bits little-endian, value, `\n`.
    private static func parse(_ datagram: [UInt8]) -> [String: [String]] {
        var fields: [String: [String]] = [:]
        var rest = datagram[...]
        while let newline = rest.firstIndex(of: 10) {
            let head = rest[..<newline]
            rest = rest[(newline + 1)...]
            if let equals = head.firstIndex(of: UInt8(ascii: "=")) {
                let value = String(decoding: head[(equals + 1)...], as: UTF8.self)
                fields[String(decoding: head[..<equals], as: UTF8.self), default: []].append(value)
            } else {
                let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                let value = String(decoding: rest.dropFirst(8).prefix(length), as: UTF8.self)
                fields[String(decoding: head, as: UTF8.self), default: []].append(value)
                rest = rest.dropFirst(8 + length + 1)
            }
        }
        return fields
    }
}
