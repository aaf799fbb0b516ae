/// Shares the login budget out among the steps of a plan, so that a directory that hangs leaves time for those behind it.
struct LoginTimetable: Sendable {
    private let end: ContinuousClock.Instant
    private let reserve: Duration

    /// A budget that begins to run at `start`.
    init(start: ContinuousClock.Instant, budget: Duration) {
        end = start + budget
        // A store and a hash behind a full queue answer within this; what they do not need was not missed.
        reserve = min(.seconds(2), budget / 4)
    }

    /// When step `index` must have answered: at the end, less what is kept for the steps an outage leads to: a reserve for
    /// the local accounts, and for further directories an equal share each of what is left.
    func deadline(
        of index: Int,
        in plan: AuthenticationPlan,
        now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant {
        var directories = 0
        var keepsReserve = false
        var next = plan.steps[index].afterOutage
        while let step = next {
            if plan.steps[step].source == .local { keepsReserve = true } else { directories += 1 }
            next = plan.steps[step].afterOutage
        }
        let last = keepsReserve ? end - reserve : end
        guard last > now else { return end }
        return now + (last - now) / (directories + 1)
    }
}
