"""The figures as an SVG that is readable on light and dark pages."""
from html import escape

from targets import JUDGED

WIDTH, LABEL, BAR, STEP = 860, 150, 470, 26
# Colours that hold on white and on black; the text follows the reader's scheme.
STYLE = """text{font:13px system-ui,sans-serif;fill:#1f2328}.small{font-size:12px;fill:#59636e}.head{font-weight:600}
.line{stroke:#8b949e;stroke-width:1}.ours{fill:#3b82f6}.base{fill:#8b949e}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9ea7b3}}"""
PANELS = [
    ("Logins and refreshes per second", ["raw search-bind", "login-cold", "raw bind", "login-form", "login-json", "login-xml", "login-groups", "login-postgresql", "refresh", "login-local"]),
    ("Questions per second", ["constant", "verify", "introspect", "jwks"]),
]


def bars(title, rows, top):
    """One panel and the height it took. Its bars share a scale."""
    yield f'<text class="head" x="0" y="{top + 14}">{escape(title)}</text>'
    most = max(row["rate"] for row in rows)
    for place, row in enumerate(rows):
        y = top + 26 + place * STEP
        width = max(1.5, BAR * row["rate"] / most)
        kind = "ours" if "daemon_cpu_s_per_1000" in row and row["name"] != "constant" else "base"
        note = f"{row['rate']:,.0f}".replace(",", "\u202f") + f" · p99 {row['p99_ms']:.1f} ms"
        if "ratio" in row:
            note += f" · {row['ratio']:.0%} of {row['against']}"
        yield f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(row["name"])}</text>'
        yield f'<rect class="{kind}" x="{LABEL}" y="{y + 2}" width="{width:.1f}" height="16" rx="2"/>'
        # Behind the bar, or before its end where there is no room behind it.
        if LABEL + width + 8 + 6.6 * len(note) < WIDTH:
            yield f'<text class="small" x="{LABEL + width + 8:.1f}" y="{y + 14}">{escape(note)}</text>'
        else:
            yield f'<text class="small" x="{WIDTH}" y="{y + 14}" text-anchor="end">{escape(note)}</text>'
    yield f'<line class="line" x1="{LABEL}" x2="{LABEL}" y1="{top + 24}" y2="{top + 26 + len(rows) * STEP}"/>'


def draw(figures):
    counts = {row["connections"] for row in figures["rows"]}
    judged = JUDGED if JUDGED in counts else max(counts, default=0)
    # Local logins have fewer: of those the most.
    found = {row["name"]: row for row in sorted(figures["rows"], key=lambda row: row["connections"]) if row["connections"] <= judged}
    parts, top = [], 4
    for title, names in PANELS:
        rows = [found[name] for name in names if name in found]
        if rows:
            parts += bars(f"{title} at {judged} connections", rows, top)
            top += 26 + len(rows) * STEP + 18
    machine = figures["machine"]
    parts.append(f'<text class="small" x="0" y="{top + 12}">Load generator, daemon and slapd share {machine["cores"]} cores of '
                 f'{escape(machine["processor"])}; medians of {figures["options"]["runs"]} runs. Grey: what the others are held against.</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 22}" width="{WIDTH}" height="{top + 22}" role="img" '
            f'aria-label="Requests per second"><style>{STYLE}</style>{"".join(parts)}</svg>')
