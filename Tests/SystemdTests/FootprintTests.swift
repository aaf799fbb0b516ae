import TestSupport
import Testing

/// What the service costs a machine that has other things to do.
@Suite struct FootprintTests {
    /// How often each thread of the service was woken (proc(5), “voluntary_ctxt_switches”).
    private func wakeUps(_ machine: Machine) async throws -> [String: Int] {
        let main = try await machine.property("MainPID")
        let lines = try await machine.shell("grep -H '^voluntary_ctxt_switches:' /proc/\(main)/task/*/status")
        var counts: [String: Int] = [:]
        for line in lines.split(separator: "\n") {
            let words = line.split(whereSeparator: { $0 == ":" || $0 == "\t" })
            counts[String(words.first ?? "")] = words.last.flatMap { Int($0) } ?? 0
        }
        return counts
    }

    private func microseconds(_ property: String, on machine: Machine) async throws -> Int {
        Int(try await machine.property(property)) ?? 0
    }

    /// The program of these tests is a debug build, for which other limits hold: its pages are checked as they are made, and
    /// nothing in it is inlined. A package for production (LDAPAUTHD_DEB) is held to what is promised.
    @Test func itStartsQuicklyIsSmallAndSleeps() async throws {
        let isForProduction = try await MachineImage.shared.binary == nil
        try await Machine.run { machine in
            try await machine.serve(Machine.configuration(level: "info"))
            #expect(try await machine.login().status == 200)
            var starts: [Int] = []
            for _ in 0..<5 {
                try await machine.shell("systemctl restart ldapauthd")
                let begun = try await microseconds("ExecMainStartTimestampMonotonic", on: machine)
                starts.append(try await microseconds("ActiveEnterTimestampMonotonic", on: machine) - begun)
            }
            let ready = Duration.microseconds(try #require(starts.min()))
            #expect(ready > .zero && ready < .milliseconds(isForProduction ? 300 : 10_000), "\(starts)")

            #expect(try await machine.login().status == 200)
            // Ten seconds after the last write nobody looks for another any more.
            try await Task.sleep(for: .seconds(14))
            var fewest = Int.max
            for _ in 0..<2 where fewest > 50 {
                let before = try await wakeUps(machine)
                try await Task.sleep(for: .seconds(10))
                let after = try await wakeUps(machine)
                fewest = min(fewest, after.reduce(0) { $0 + max(0, $1.value - before[$1.key, default: 0]) })
            }
            #expect(fewest <= 50, "\(fewest) in ten seconds, signs of life for systemd included")

            let main = try await machine.property("MainPID")
            let line = try await machine.shell("grep VmRSS /proc/\(main)/status")
            let resident = try #require(Int(line.filter(\.isNumber)))
            #expect(resident < (isForProduction ? 50 : 120) * 1024, "\(line)")
            print("FootprintTests: ready after \(ready), \(resident / 1024) MiB, \(fewest) wake-ups in ten seconds")
        }
    }
}
