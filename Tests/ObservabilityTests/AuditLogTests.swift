import Authentication
import Foundation
import Logging
import Testing

@testable import Observability

@Suite struct AuditLogTests {
    var full: AuditEvent {
        var event = AuditEvent(.loginRefused)
        event.user = "alice"
        event.userID = 12
        event.source = "corp"
        event.client = "web"
        event.address = "192.0.2.10"
        event.reason = "wrong-password"
        event.detail = "result 49"
        event.host = "ldap1.corp.example"
        event.session = "0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11"
        event.duration = .milliseconds(1234)
        event.requestID = "r-1"
        return event
    }

    func line(_ format: LogFormat, level: Logger.Level = .info, _ event: AuditEvent) -> String {
        let pipe = Pipe()
        let output = LogOutput(format: format, level: level, descriptor: pipe.writing)
        AuditLog(output).record(event)
        #expect(output.flush(within: .seconds(10)))
        return pipe.contents()
    }

    @Test func fieldsHaveTheirNamesAndNumbersAreNumbers() throws {
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line(.json, full).utf8)) as? [String: any Sendable]
        )
        #expect(object["event"] as? String == "login.refused")
        #expect(object["user"] as? String == "alice")
        #expect(object["user_id"] as? Int == 12)
        #expect(object["source"] as? String == "corp")
        #expect(object["client"] as? String == "web")
        #expect(object["address"] as? String == "192.0.2.10")
        #expect(object["reason"] as? String == "wrong-password")
        #expect(object["detail"] as? String == "result 49")
        #expect(object["host"] as? String == "ldap1.corp.example")
        #expect(object["session"] as? String == "0b0c7a3e-6a3f-4a5c-9a51-0d2f0e6f7b11")
        #expect(object["duration_ms"] as? Int == 1234)
        #expect(object["request_id"] as? String == "r-1")
        #expect(object["level"] as? String == "notice")
        #expect(object["logger"] as? String == "audit")
        #expect(object.count == 16)
    }

    @Test func whatIsNotKnownIsLeftOut() {
        let line = line(.text, AuditEvent(.logout))
        #expect(line.hasSuffix(" info audit: logged out event=logout\n"))
    }

    @Test(arguments: AuditEvent.Kind.allCases)
    func refusalsAreNotices(_ kind: AuditEvent.Kind) {
        let level = AuditLog.record(of: AuditEvent(kind), at: Timestamp(seconds: 0)).level
        #expect(level == (kind.rawValue.hasSuffix("refused") || kind == .throttle ? .notice : .info))
    }

    @Test func messageIDsTellKindsApart() {
        let ids = AuditEvent.Kind.allCases.map(\.messageID)
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
    }

    @Test func theLevelOfTheLogDoesNotSilenceIt() {
        #expect(line(.text, level: .critical, full).contains("event=login.refused"))
    }

    @Test(arguments: hostileTexts)
    func namesAsTypedForgeNothing(_ text: String) throws {
        var event = full
        event.user = text
        let line = line(.text, event)
        #expect(line.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
        let fields = TextFields.parse(String(line.dropLast()))
        #expect(fields["user"] ?? "" == text)
        #expect(fields["event"] == "login.refused")
    }
}
