import DirectoryAuth

/// One thing looked at, and what came of it.
struct CheckStep {
    enum Verdict: String {
        case passed = "ok"
        case warning
        case failed
        case skipped
    }

    var name: String
    var verdict: Verdict
    var duration: Duration
    var message: String
    var remedy: String?
    var host: String?
    /// More of what was seen, a line each.
    var details: [String] = []
    /// All groups of the person looked at, where they were.
    var groups: [String]?

    init(_ name: String, _ verdict: Verdict, _ duration: Duration, _ message: String, remedy: String? = nil) {
        self.name = name
        self.verdict = verdict
        self.duration = duration
        self.message = message
        self.remedy = remedy
    }

    /// A step on a directory's host.
    init(_ step: DirectoryProbe.Step) {
        self.init(step.name.rawValue, Verdict(rawValue: step.verdict.rawValue) ?? .failed, step.duration, step.message)
        host = step.host
        remedy = step.remedy
        details = step.details
        groups = step.groups
    }
}

/// What `check` found: told line by line while it looks, or as JSON at the end.
struct CheckReport {
    private let live: Bool
    private var sections: [(name: String, steps: [CheckStep])] = []

    init(live: Bool) {
        self.live = live
    }

    var hasFailed: Bool { sections.contains { $0.steps.contains { $0.verdict == .failed } } }

    /// True when a step of that name went well anywhere.
    func hasPassed(_ name: String) -> Bool {
        sections.contains { $0.steps.contains { $0.name == name && $0.verdict == .passed } }
    }

    /// The sections with steps of that name of which none came to one of these verdicts.
    func sections(without verdicts: Set<CheckStep.Verdict>, of name: String) -> [String] {
        sections.filter { section in
            let steps = section.steps.filter { $0.name == name }
            return !steps.isEmpty && !steps.contains { verdicts.contains($0.verdict) }
        }.map(\.name)
    }

    mutating func begin(_ section: String) {
        if live { Terminal.say((sections.isEmpty ? "" : "\n") + Terminal.plain(section)) }
        sections.append((section, []))
    }

    mutating func add(_ step: CheckStep) {
        sections[sections.count - 1].steps.append(step)
        guard live else { return }
        let marks: [CheckStep.Verdict: String] = [.passed: "✓", .warning: "!", .failed: "✗", .skipped: "·"]
        let time = step.duration == .zero ? "" : "  (\(Self.milliseconds(step.duration)) ms)"
        let host = step.host.map { " \($0):" } ?? ""
        let name = step.name + String(repeating: " ", count: max(1, 14 - step.name.count))
        // Errors name the host themselves.
        let message = step.host.flatMap { host in
            step.message.hasPrefix("\(host): ") ? String(step.message.dropFirst(host.count + 2)) : nil
        }
        Terminal.say("  \(marks[step.verdict] ?? " ") \(name)\(host) \(Terminal.plain(message ?? step.message))\(time)")
        for line in step.details { Terminal.say("        \(Terminal.plain(line))") }
        if let remedy = step.remedy { Terminal.say("      → \(Terminal.plain(remedy))") }
    }

    var json: String {
        JSONText.object([("ok", hasFailed ? "false" : "true"), ("sections", sectionsJSON)])
    }

    /// What was looked at alone.
    var sectionsJSON: String {
        JSONText.array(
            sections.map { section in
                JSONText.object([
                    ("name", JSONText.string(section.name)),
                    ("steps", JSONText.array(section.steps.map(Self.json))),
                ])
            }
        )
    }

    private static func json(_ step: CheckStep) -> String {
        JSONText.object([
            ("name", JSONText.string(step.name)), ("verdict", JSONText.string(step.verdict.rawValue)),
            ("host", JSONText.optional(step.host)), ("duration_ms", milliseconds(step.duration)),
            ("message", JSONText.string(step.message)), ("remedy", JSONText.optional(step.remedy)),
            ("details", JSONText.array(step.details.map { JSONText.string($0) })),
        ])
    }

    /// With one decimal.
    private static func milliseconds(_ duration: Duration) -> String {
        let tenths = duration.components.seconds * 10_000 + duration.components.attoseconds / 100_000_000_000_000
        return "\(tenths / 10).\(tenths % 10)"
    }
}
