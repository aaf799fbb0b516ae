/// A page in Prometheus' text format (version 0.0.4), built family by family.
public struct MetricsPage: Sendable {
    /// What a family's samples are.
    public enum Kind: String, Sendable {
        case counter, gauge, histogram, summary
    }

    /// Names and values that tell samples of a family apart.
    public typealias Labels = [(name: String, value: String)]

    /// The media type of the page.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var text = ""

    /// An empty page.
    public init() {}

    /// The page so far.
    public var octets: [UInt8] { Array(text.utf8) }

    /// Begins a family; its samples follow.
    public mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        let help = help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// One sample of the family begun last.
    public mutating func sample(_ name: String, _ labels: Labels = [], _ value: Double) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " \(Self.number(value))\n"
    }

    /// A family of one sample.
    public mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        family(name, kind, help)
        sample(name, [], value)
    }

    /// The samples of a histogram with these labels.
    ///
    /// - Parameters:
    ///   - counts: how many there were in each bucket alone, in the order of `bounds`, and last what is beyond them all.
    public mutating func histogram(
        _ name: String,
        _ labels: Labels = [],
        bounds: [Double],
        counts: [UInt64],
        sum: Double
    ) {
        var running: UInt64 = 0
        for (bound, count) in zip(bounds, counts) {
            running += count
            sample("\(name)_bucket", labels + [("le", Self.number(bound))], Double(running))
        }
        running += counts.dropFirst(bounds.count).reduce(0, +)
        sample("\(name)_bucket", labels + [("le", "+Inf")], Double(running))
        sample("\(name)_sum", labels, sum)
        sample("\(name)_count", labels, Double(running))
    }

    private static func number(_ value: Double) -> String {
        Double(Int64(exactly: value) ?? 0) == value ? String(Int64(value)) : "\(value)"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
