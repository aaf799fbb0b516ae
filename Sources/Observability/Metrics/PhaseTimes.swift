internal import Authentication

/// The times of a login's phases at one source.
final class PhaseTimes: PhaseSink {
    private let histograms = LoginPhase.allCases.map { _ in DurationHistogram() }

    func record(_ phase: LoginPhase, _ duration: Duration) {
        histograms[phase.rawValue].record(duration)
    }

    subscript(phase: LoginPhase) -> DurationHistogram { histograms[phase.rawValue] }
}
