"""Sessions written straight into the store of a stopped daemon, as many as nobody could log in for."""
import sqlite3

from harness import stop

PEOPLE = 20000  # who they belong to
CHUNK = 500_000
BYTES = 900  # a session with its indexes, generously


def identifier(prefix, number):
    """The text of a UUID in SQL; `number` is an expression."""
    return f"printf('{prefix}-%012x', {number})"


def fill(path, wanted):
    """Grows the table of sessions to `wanted` live rows: copies of the newest one, under ids and numbers of their own."""
    store = sqlite3.connect(path, isolation_level=None)
    # Nothing of this needs to outlive a power cut, and the daemon puts its own modes back when it opens the file.
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "temp_store = FILE"):
        store.execute(f"PRAGMA {pragma}")
    columns = [row[1] for row in store.execute("PRAGMA table_info(session)")]
    template = store.execute("SELECT max(number) FROM session").fetchone()[0]
    if not columns or template is None:
        stop(f"{path} has no session to copy")
    there = store.execute("SELECT count(*) FROM session").fetchone()[0]
    add_people(store, template)
    # Built once at the end instead of with every row.
    indexes = store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'session' AND sql IS NOT NULL").fetchall()
    for name, _ in indexes:
        store.execute(f"DROP INDEX {name}")
    missing = wanted - there
    own = {
        "number": f"{template} + n.i",
        # Ascending while they are written, so that the index of ids grows at its end; new ones fall anywhere.
        "id": f"printf('%08x-', n.i * 4294967295 / {max(missing, 1)}) || substr(lower(hex(randomblob(2))), 1, 4) || '-4' "
              "|| substr(lower(hex(randomblob(2))), 1, 3) || '-8' || substr(lower(hex(randomblob(2))), 1, 3) || '-' || lower(hex(randomblob(6)))",
        "stable_id": identifier("00000000-0000-4000-9000", f"n.i % {PEOPLE}"),
        "user_id": f"1000000 + n.i % {PEOPLE}",
        "username": f"printf('generated%06d', n.i % {PEOPLE})",
    }
    names = ", ".join(columns)
    values = ", ".join(own.get(column, f"t.{column}") for column in columns)
    for first in range(1, missing + 1, CHUNK):
        last = min(first + CHUNK - 1, missing)
        store.execute(f"""WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})
            INSERT INTO session ({names}) SELECT {values} FROM n, session AS t WHERE t.number = {template}""")
    for _, sql in indexes:
        store.execute(sql)
    store.execute("UPDATE counter SET value = (SELECT max(number) FROM session) WHERE name = 'session'")
    found = store.execute("SELECT count(*), (SELECT value FROM counter WHERE name = 'session') FROM session").fetchone()
    store.execute("PRAGMA journal_mode = WAL")
    store.close()
    if found[0] != max(wanted, there) or found[1] < wanted:
        stop(f"{path} has {found} sessions instead of {wanted}")


def add_people(store, template):
    columns = [row[1] for row in store.execute("PRAGMA table_info(identity)")]
    own = {
        "stable_id": identifier("00000000-0000-4000-9000", "n.i"),
        "user_id": "1000000 + n.i",
        "username": "printf('generated%06d', n.i)",
    }
    values = ", ".join(own.get(column, f"t.{column}") for column in columns)
    store.execute(f"""WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {PEOPLE - 1})
        INSERT OR IGNORE INTO identity ({", ".join(columns)}) SELECT {values} FROM n, identity AS t
        WHERE t.user_id = (SELECT user_id FROM session WHERE number = {template})""")
