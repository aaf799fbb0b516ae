internal import Authentication
internal import Logging

/// swift-log's way into a `LogOutput`.
struct DaemonLogHandler: LogHandler {
    private let label: String
    private let output: LogOutput
    /// Set for one logger by its owner; the shared level otherwise.
    private var ownLevel: Logger.Level?

    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, output: LogOutput, metadataProvider: Logger.MetadataProvider? = nil) {
        self.label = label
        self.output = output
        self.metadataProvider = metadataProvider
    }

    var logLevel: Logger.Level {
        get { ownLevel ?? output.minimumLevel.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// A number somebody logged as a number stays one.
    private static func value(_ value: Logger.Metadata.Value) -> LogRecord.Value {
        guard case .stringConvertible(let original) = value else { return .text("\(value)") }
        if let number = original as? any BinaryInteger, let number = Int64(exactly: number) { return .number(number) }
        // JSON knows no infinity (RFC 8259 §6).
        if let number = original as? Double, number.isFinite { return .fraction(number) }
        return .text("\(value)")
    }

    func log(event: LogEvent) {
        var merged = metadataProvider?.get() ?? [:]
        merged.merge(metadata) { $1 }
        if let own = event.metadata { merged.merge(own) { $1 } }
        var fields = merged.sorted { $0.key < $1.key }.map {
            (name: $0.key, value: Self.value($0.value))
        }
        if let error = event.error { fields.append((name: "error", value: .text("\(error)"))) }
        output.write(
            LogRecord(
                time: SystemWallClock().now(),
                level: event.level,
                label: label,
                message: event.message.description,
                fields: fields
            )
        )
    }
}
