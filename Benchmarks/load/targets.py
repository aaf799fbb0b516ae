"""What the figures have to reach. A target that was not measured is said to be so; none passes by silence."""

JUDGED = 64  # connections


class Target:
    def __init__(self, text, find, reached, show):
        self.text, self.find, self.reached, self.show = text, find, reached, show

    def judge(self, figures):
        """(text, what was found or None, whether it is enough or None)."""
        value = self.find(figures)
        return (self.text, None, None) if value is None else (self.text, self.show(value), self.reached(value))


def row(figures, name):
    rows = [one for one in figures["rows"] if one["name"] == name]
    return next((one for one in rows if one["connections"] == JUDGED), rows[0] if len(rows) == 1 else None)


def of(name, key):
    def find(figures):
        found = row(figures, name)
        return None if found is None else found.get(key)
    return find


def part(name, compute):
    return lambda figures: compute(figures[name]) if figures.get(name) else None


def at_least(limit):
    return lambda value: value >= limit


def at_most(limit):
    return lambda value: value <= limit


def percent(value):
    return f"{value:.0%}"


def number(unit, digits=0):
    return lambda value: f"{value:.{digits}f} {unit}"


def slowness(name):
    """How far the 99th percentile is above 20 ms and two syncs of the disk."""
    def find(figures):
        found = row(figures, name)
        return None if found is None else (found["p99_ms"], 20 + 2 * figures["fdatasync_ms"])
    return find


def spread(name):
    def find(figures):
        found = row(figures, name)
        return None if found is None else found["p99_ms"] / max(found["p50_ms"], 0.001)
    return find


def unchanged(after, before):
    """Within a fifth, and a millisecond for what a scheduler does."""
    return after <= before * 1.2 + 1


def found_errors(figures):
    """Requests that failed anywhere, and connections that were not held."""
    slow, idle = figures.get("slow"), figures.get("idle")
    return (sum(one["errors"] for one in figures["rows"]) + figures.get("soak", {}).get("errors", 0)
            + (slow["asked"] - slow["served"] if slow else 0) + (idle["errors"] + idle["connections"] - idle["held"] if idle else 0))


TARGETS = [
    Target("no request failed", found_errors, at_most(0), number("failed")),
    Target("login-cold: at least 40 % of raw search and bind", of("login-cold", "ratio"), at_least(0.40), percent),
    Target("login-form: at least 25 % of raw bind", of("login-form", "ratio"), at_least(0.25), percent),
    *(Target(f"{name}: p99 at most 20 ms and two fdatasync", slowness(name), lambda value: value[0] <= value[1],
             lambda value: f"{value[0]:.1f} of {value[1]:.1f} ms") for name in ("login-cold", "login-form")),
    *(Target(f"{name}: p99 at most three times p50", spread(name), at_most(3), number("times", 1)) for name in ("login-cold", "login-form")),
    Target("login-cold: at most 0.25 s of processor for 1000", of("login-cold", "daemon_cpu_s_per_1000"), at_most(0.25), number("s", 3)),
    Target("login-form: at most 0.17 s of processor for 1000", of("login-form", "daemon_cpu_s_per_1000"), at_most(0.17), number("s", 3)),
    Target("refresh: at least 90 % of login-form", of("refresh", "ratio"), at_least(0.90), percent),
    Target("verify: at least 60 % of a constant answer", of("verify", "ratio"), at_least(0.60), percent),
    Target("introspect: at least 60 % of a constant answer", of("introspect", "ratio"), at_least(0.60), percent),
    Target("login-json: at least 95 % of login-form", of("login-json", "ratio"), at_least(0.95), percent),
    Target("login-xml: at least 90 % of login-form", of("login-xml", "ratio"), at_least(0.90), percent),
    Target("login-postgresql: at least 60 % of login-cold", of("login-postgresql", "ratio"), at_least(0.60), percent),
    Target("an answered login is on disk: a sync for each", part("counts", lambda one: min(row["syncs_alone"] for row in one.values())),
           at_least(1), number("syncs", 2)),
    Target("idle: at most 50 MiB", lambda figures: figures.get("idle_rss_mib"), at_most(50), number("MiB", 1)),
    Target("after a million logins: at most 80 MiB", part("soak", lambda one: one["rss_mib"] if one["logins"] >= 1e6 else None),
           at_most(80), number("MiB", 1)),
    Target("flat: at most 5 % more in the second half of a million", part("soak", lambda one: one["growth_of_second_half"] if one["logins"] >= 1e6 else None),
           at_most(0.05), lambda value: f"{value:+.1%}"),
    Target("start to first answered login: at most 100 ms", lambda figures: figures.get("start_ms"), at_most(100), number("ms")),
    Target("10 000 idle connections are held", part("idle", lambda one: one["held"] if one["connections"] >= 10000 else None),
           at_least(10000), number("held")),
    Target("at most 25 KiB for an idle connection", part("idle", lambda one: one["kib_each"] if one["connections"] >= 10000 else None),
           at_most(25), number("KiB", 1)),
    Target("with them, p99 of logins within 20 %", part("idle", lambda one: one["p99_ratio"] if one["connections"] >= 10000 else None),
           at_most(1.2), lambda value: f"{value - 1:+.0%}"),
    Target("a directory that takes 500 ms: all of 200 logins/s served", part("slow", lambda one: (one["served"], one["asked"], one["p99_ms"]) if one["asked_per_s"] >= 200 else None),
           lambda value: value[0] == value[1], lambda value: f"{value[0]} of {value[1]}, p99 {value[2]:.0f} ms"),
    Target("beside it, p99 of the other directory unchanged (20 %, 1 ms)",
           part("slow", lambda one: (one["p99_ms_beside"], one["p99_ms_alone"]) if one["asked_per_s"] >= 200 else None),
           lambda value: unchanged(*value), lambda value: f"{value[0]:.1f} ms, alone {value[1]:.1f}"),
]


def judge(figures):
    return [target.judge(figures) for target in TARGETS]
