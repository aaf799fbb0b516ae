"""Figures as tables for a terminal and as Markdown, and beside those of an earlier run."""
from targets import judge

COLUMNS = [  # heading, key, format
    ("per s", "rate", "{:.0f}"), ("p50 ms", "p50_ms", "{:.1f}"), ("p99 ms", "p99_ms", "{:.1f}"), ("p99.9 ms", "p999_ms", "{:.1f}"),
    ("errors", "errors", "{:.0f}"), ("CPU s/1000", "daemon_cpu_s_per_1000", "{:.3f}"), ("slapd", "slapd_cpu_s_per_1000", "{:.3f}"),
    ("RSS MiB", "rss_mib", "{:.1f}"), ("peak", "peak_mib", "{:.1f}"),
]


def cells(row):
    values = [layout.format(row[key]) if key in row else "" for _, key, layout in COLUMNS]
    ratio = f"{row['ratio']:.0%} of {row['against']}" if "ratio" in row else ""
    return [row["name"], str(row["connections"]), values[0], ratio, *values[1:]]


def table(headings, rows, markdown):
    if markdown:
        return "\n".join("| " + " | ".join(row) + " |" for row in [headings, ["---"] * len(headings), *rows])
    widths = [max(len(row[place]) for row in [headings, *rows]) for place in range(len(headings))]
    return "\n".join("  ".join(text.ljust(width) if place == 0 or "of " in text else text.rjust(width)
                               for place, (text, width) in enumerate(zip(row, widths))).rstrip() for row in [headings, *rows])


def conditions(figures):
    machine, options = figures["machine"], figures["options"]
    return (f"{machine['cores']} cores ({machine['processor']}, {machine['memory_gib']} GiB) for load, daemon and slapd together; "
            f"{options['people']} people, {options['runs']} runs of {options['seconds']} s, medians; fdatasync {figures['fdatasync_ms']:.2f} ms; "
            f"{figures['busy']:.0%} of the machine busy before")


def others(figures):
    """What does not fit into the table, a line each."""
    if "idle_rss_mib" in figures:
        yield f"idle after the start: {figures['idle_rss_mib']:.1f} MiB"
    if "start_ms" in figures:
        yield f"start to the first answered login, on the store of this run: {figures['start_ms']:.0f} ms"
    for row in figures["rows"]:
        if "postgres_cpu_s_per_1000" in row:
            yield (f"login-postgresql, {row['connections']} connections: PostgreSQL itself takes {row['postgres_cpu_s_per_1000']:.3f} s of processor "
                   f"for 1000 and writes {row['wal_bytes_each']:.0f} bytes of log for each; "
                   f"a session takes {row['row_bytes_each']:.0f} bytes of disk with its indexes")
    if signatures := figures.get("signatures_per_s"):
        yield "signatures a second on one core (OpenSSL): " + ", ".join(f"{name} {rate:.0f}" for name, rate in signatures.items())
    for name, counts in figures.get("counts", {}).items():
        yield f"{name}: {counts['allocations']:.0f} allocations a login; {counts['syncs_alone']:.2f} syncs of the disk when there is one at a time"
    if idle := figures.get("idle"):
        yield (f"{idle['connections']} idle connections: {idle['held']} held, {idle['kib_each']:.1f} KiB each; p99 of logins "
               f"{idle['p99_ms_without']:.1f} ms without them, {idle['p99_ms_with']:.1f} with; {idle['rate_without']:.0f} and {idle['rate_with']:.0f} logins/s")
    if slow := figures.get("slow"):
        yield (f"500 ms a bind, {slow['asked_per_s']} logins/s asked: {slow['served']} of {slow['asked']} served, p50 {slow['p50_ms']:.0f}, p99 {slow['p99_ms']:.0f} ms; "
               f"the other directory's p99 {slow['p99_ms_alone']:.1f} ms alone, {slow['p99_ms_beside']:.1f} beside it")
    if soak := figures.get("soak"):
        points = ", ".join(f"{point['rss_mib']:.0f}" for point in soak["points"])
        yield f"{soak['logins']} logins in a row: {points} MiB at each tenth; {soak['growth_of_second_half']:+.1%} in the second half"


def show(figures, markdown=False):
    lines = [conditions(figures), ""]
    headings = ["", "connections", "per s", "held against", *(heading for heading, _, _ in COLUMNS[1:])]
    rows = sorted(figures["rows"], key=lambda row: row["connections"] != 64)
    if rows:
        lines += [table(headings, [cells(row) for row in rows], markdown), ""]
    lines += [("- " if markdown else "") + line for line in others(figures)]
    judged = [[text, found or "", {True: "reached", False: "MISSED", None: "not measured"}[good]] for text, found, good in judge(figures)]
    return "\n".join([*lines, "", table(["target", "found", ""], judged, markdown)])


def change(before, after):
    return f"{after / before - 1:+.1%}" if before else ""


def compare(earlier, figures):
    """Row by row; rates of different machines or hours are worth less than what they are held against."""
    old = {(row["name"], row["connections"]): row for row in earlier["rows"]}
    rows = []
    for row in figures["rows"]:
        was = old.get((row["name"], row["connections"]))
        if not was:
            continue
        ratio = f"{was['ratio']:.0%} → {row['ratio']:.0%}" if "ratio" in row and "ratio" in was else ""
        costs = [(was[key], row[key]) if key in was and key in row else None for key in ("daemon_cpu_s_per_1000", "peak_mib")]
        rows.append([row["name"], str(row["connections"]), f"{was['rate']:.0f} → {row['rate']:.0f}", change(was["rate"], row["rate"]), ratio,
                     change(was["p99_ms"], row["p99_ms"]), *(change(*pair) if pair else "" for pair in costs)])
    lines = [f"compared with {earlier['made']}:"]
    for key in ("machine", "options"):
        if earlier[key] != figures[key]:
            lines.append(f"  not the same {key}: {earlier[key]} then")
    return "\n".join([*lines, table(["", "connections", "per s", "", "held against", "p99", "CPU", "peak"], rows, False)])
