internal import Authentication
internal import Synchronization

/// Reloads of the configuration, good and bad.
public final class ReloadCounts: Sendable {
    private struct State {
        var good: UInt64 = 0
        var bad: UInt64 = 0
        var lastIsGood = true
        var lastGood: Timestamp
    }

    private let state: Mutex<State>

    /// The start counts as the last good one.
    public init() {
        state = Mutex(State(lastGood: SystemWallClock().now()))
    }

    /// One reload was done, or refused.
    public func count(isGood: Bool) {
        let now = SystemWallClock().now()
        state.withLock { state in
            state.lastIsGood = isGood
            if isGood {
                state.good += 1
                state.lastGood = now
            } else {
                state.bad += 1
            }
        }
    }

    /// Writes the figures of now.
    public func write(to page: inout MetricsPage) {
        let (good, bad, lastIsGood, lastGood) = state.withLock { ($0.good, $0.bad, $0.lastIsGood, $0.lastGood) }
        page.family("ldapauthd_reloads_total", .counter, "Reloads of the configuration, by outcome.")
        page.sample("ldapauthd_reloads_total", [("outcome", "success")], Double(good))
        page.sample("ldapauthd_reloads_total", [("outcome", "refused")], Double(bad))
        page.single(
            "ldapauthd_config_last_reload_successful",
            .gauge,
            "1 while the configuration in force is the one that was asked for last.",
            lastIsGood ? 1 : 0
        )
        page.single(
            "ldapauthd_config_last_reload_success_timestamp_seconds",
            .gauge,
            "When the configuration in force was read, in seconds since the epoch.",
            Double(lastGood.milliseconds) / 1000
        )
    }
}
