import Authentication
import Foundation
import Glibc
import Logging
import Testing

@testable import Observability

@Suite struct LogOutputTests {
    func lines(_ format: LogFormat, level: Logger.Level = .info, _ body: (LogOutput) -> Void) -> [String] {
        let pipe = Pipe()
        let output = LogOutput(format: format, level: level, descriptor: pipe.writing)
        body(output)
        #expect(output.flush(within: .seconds(10)))
        let text = pipe.contents()
        #expect(text.isEmpty || text.hasSuffix("\n"))
        return text.split(separator: "\n").map(String.init)
    }

    @Test(arguments: hostileTexts)
    func nothingOthersWroteEndsALineOrForgesAFieldOfText(_ text: String) throws {
        let lines = lines(.text) { output in
            let logger = Logger(label: "test") { output.handler(label: $0) }
            logger.info("login of \(text)", metadata: ["user": "\(text)", text: "1", "zeta": "end"])
        }
        let line = try #require(lines.first)
        #expect(lines.count == 1)
        #expect(!line.unicodeScalars.contains { LogText.needsEscape($0) })
        let fields = TextFields.parse(line)
        #expect(fields["user"] == text)
        #expect(fields["zeta"] == "end")
        #expect(fields["event"] == nil)
    }

    @Test(arguments: hostileTexts)
    func everyLineOfJSONIsAnObjectThatGivesTheTextBack(_ text: String) throws {
        let lines = lines(.json) { output in
            let logger = Logger(label: "test") { output.handler(label: $0) }
            logger.error("\(text)", metadata: ["user": "\(text)", "level": "\(text)", "time": "x"])
            AuditLog(output).record(AuditEvent(.logout))
        }
        #expect(lines.count == 2)
        for line in lines { #expect(!line.unicodeScalars.contains { LogText.needsEscape($0) }) }
        let object = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: String])
        #expect(object["message"] == text)
        #expect(object["user"] == text)
        #expect(object["level"] == "error")
        #expect(object["level_"] == text)
        #expect(object["time"]?.hasSuffix("Z") == true)
        #expect(object["time_"] == "x")
        _ = try JSONSerialization.jsonObject(with: Data(lines[1].utf8))
    }

    @Test func theLevelIsObeyedAndCanBeChanged() {
        let lines = lines(.text, level: .warning) { output in
            var logger = Logger(label: "test") { output.handler(label: $0) }
            logger.info("too quiet")
            logger.warning("loud")
            output.minimumLevel.level = .debug
            logger.debug("now heard")
            logger.trace("still too quiet")
            logger.logLevel = .error
            logger.warning("one logger by itself")
        }
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix(" warning test: loud") == true)
        #expect(lines.last?.hasSuffix(" debug test: now heard") == true)
    }

    @Test func metadataOfAllKindsIsShownOnce() throws {
        let lines = lines(.text) { output in
            var logger = Logger(label: "test") {
                DaemonLogHandler(
                    label: $0,
                    output: output,
                    metadataProvider: Logger.MetadataProvider { ["a": "provider", "p": "1"] }
                )
            }
            logger[metadataKey: "a"] = "logger"
            logger[metadataKey: "b"] = "logger"
            logger.info("m", metadata: ["b": "call", "list": ["x", "y"], "c": .stringConvertible(7)])
        }
        let fields = TextFields.parse(try #require(lines.first))
        #expect(fields["a"] == "logger")
        #expect(fields["b"] == "call")
        #expect(fields["c"] == "7")
        #expect(fields["p"] == "1")
        #expect(fields["list"]?.contains("x") == true)
    }

    @Test func numbersStayNumbersInJSON() throws {
        let lines = lines(.json) { output in
            let logger = Logger(label: "test") { output.handler(label: $0) }
            logger.info(
                "m",
                metadata: [
                    "status": .stringConvertible(UInt(404)), "duration_ms": .stringConvertible(1.25),
                    "huge": .stringConvertible(UInt64.max), "none": .stringConvertible(Double.infinity), "text": "12",
                ]
            )
        }
        let line = try #require(lines.first)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: any Sendable]
        )
        #expect(object["status"] as? Int == 404)
        #expect(object["duration_ms"] as? Double == 1.25)
        #expect(object["huge"] as? String == "\(UInt64.max)")
        #expect(object["none"] as? String == "inf")
        #expect(object["text"] as? String == "12")
    }

    @Test func aVeryLongTextIsCut() throws {
        let lines = lines(.json) { output in
            let logger = Logger(label: "test") { output.handler(label: $0) }
            logger.info("m", metadata: ["user": "\(String(repeating: "x", count: 65_536))"])
        }
        #expect(try #require(lines.first).utf8.count < 1000)
        #expect(lines.first?.contains("x…") == true)
    }

    @Test func linesOfManyThreadsStayWholeAndAllArrive() async throws {
        let pipe = Pipe()
        let output = LogOutput(format: .json, descriptor: pipe.writing)
        async let written: Void = offThePool {
            DispatchQueue.concurrentPerform(iterations: 4) { worker in
                let logger = Logger(label: "worker\(worker)") { output.handler(label: $0) }
                let filler = String(repeating: "y", count: 200)
                for number in 0..<500 { logger.info("m", metadata: ["number": "\(number)", "filler": "\(filler)"]) }
            }
        }
        // More than a pipe holds: the writer waits for this reader now and then.
        let lines = try await offThePool { pipe.lines(2000) }
        try await written
        #expect(lines.count == 2000)
        var last: [String: Int] = [:]
        for line in lines {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
            let label = try #require(object?["logger"])
            let number = try #require(object?["number"].flatMap { Int($0) })
            #expect(last[label, default: -1] == number - 1, "in order for each logger")
            last[label] = number
        }
    }

    @Test func aReaderThatStallsHoldsNobodyAndWhatIsLostIsCounted() async throws {
        let destination = GatedLog(isOpen: false)
        let output = LogOutput(destination, level: .info, maximumWaiting: 1000)
        let logger = Logger(label: "test") { output.handler(label: $0) }
        let start = ContinuousClock.now
        for _ in 0..<1000 { logger.info("0123456789") }
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(try await offThePool { !output.flush(within: .milliseconds(50)) }, "nothing can be written")
        destination.open()
        #expect(try await offThePool { output.flush(within: .seconds(10)) })
        let written = destination.lines.count { $0 == "0123456789" }
        let notes = destination.lines.filter { $0.contains("were dropped") }.compactMap {
            Int($0.prefix { $0.isNumber })
        }
        #expect(written >= 100 && written < 1000)
        #expect(written + notes.reduce(0, +) == 1000)
        logger.info("0123456789")
        #expect(try await offThePool { output.flush(within: .seconds(10)) })
        #expect(destination.lines.last == "0123456789")
    }

    @Test func aClosedPipeHurtsNobody() async throws {
        let pipe = Pipe()
        let output = LogOutput(format: .text, descriptor: pipe.writing)
        pipe.closeReading()
        let toNowhere = LogOutput(format: .text, descriptor: 999_999)
        for output in [output, toNowhere] {
            let logger = Logger(label: "test") { output.handler(label: $0) }
            for _ in 0..<10 { logger.info("m") }
            #expect(try await offThePool { output.flush(within: .seconds(10)) })
        }
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_790_000_000_123, "2026-09-21T14:13:20.123Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
    ])
    func timesAreOfRFC3339(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp(milliseconds: milliseconds).text == text)
    }

    @Test func autoLooksAtTheStreamItself() throws {
        let pipe = Pipe()
        var status = stat()
        fstat(pipe.writing, &status)
        let stream = "\(status.st_dev):\(status.st_ino)"
        #expect(LogFormat.auto.resolved(journalStream: stream, descriptor: pipe.writing) == .journald)
        #expect(LogFormat.auto.resolved(journalStream: "1:1", descriptor: pipe.writing) == .text)
        #expect(LogFormat.auto.resolved(journalStream: "", descriptor: pipe.writing) == .text)
        #expect(LogFormat.auto.resolved(journalStream: nil, descriptor: pipe.writing) == .text)
        #expect(LogFormat.auto.resolved(journalStream: stream, descriptor: 999_999) == .text)
        #expect(LogFormat.json.resolved(journalStream: stream, descriptor: pipe.writing) == .json)
        #expect(LogFormat.journald.resolved(journalStream: nil, descriptor: pipe.writing) == .journald)
    }
}
