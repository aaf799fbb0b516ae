"""A slapd with generated people and groups, and daemons that ask it."""
import json, os, subprocess, sys, time, urllib.parse, urllib.request

from harness import HERE, end, free_port, output_of, wait_for

SUFFIX = "dc=bench,dc=example"
SERVICE = f"cn=service,{SUFFIX}"
PEOPLE = f"ou=people,{SUFFIX}"
CLIENT, SECRET = "bench", "bench-secret"
LOCAL_ACCOUNTS = 8


def uid(number):
    return f"user{number:06}"


def person(number):
    """Clear-text passwords, so that binds are cheap for the directory."""
    name = uid(number)
    return (f"dn: uid={name},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {name}\ncn: User {number}\ngivenName: User\n"
            f"sn: N{number}\ndisplayName: User {number}\nmail: {name}@bench.example\nuserPassword: {name}\n\n")


def group(name, base, members):
    values = "".join(f"member: {dn}\n" for dn in members)
    return f"dn: cn={name},{base}\nobjectClass: groupOfNames\ncn: {name}\n{values}\n"


def nested_groups(people):
    """Everybody is in five of 500 teams; ten teams make a department, ten departments a division."""
    base = f"ou=groups,{SUFFIX}"
    teams = [[] for _ in range(500)]
    for number in range(1, people + 1):
        for turn in range(5):
            teams[(number * 7 + turn * 101) % 500].append(f"uid={uid(number)},{PEOPLE}")
    for number, members in enumerate(teams):
        if members:
            yield group(f"team{number}", base, members)
    for number in range(50):
        yield group(f"department{number}", base, [f"cn=team{team},{base}" for team in range(number * 10, number * 10 + 10)])
    for number in range(5):
        yield group(f"division{number}", base, [f"cn=department{one},{base}" for one in range(number * 10, number * 10 + 10)])


def flat_groups(counts, members):
    """For each count a branch with so many groups, all with the first people as members."""
    for count in counts:
        base = f"ou=groups{count},{SUFFIX}"
        yield f"dn: {base}\nobjectClass: organizationalUnit\nou: groups{count}\n\n"
        for number in range(count):
            yield group(f"group{number:04}", base, [f"uid={uid(one)},{PEOPLE}" for one in range(1, members + 1)])


class Directory:
    """slapd with an MDB of its own."""

    def __init__(self, workshop, people, name="directory", groups=()):
        self.people, self.base, self.port = people, PEOPLE, free_port()
        folder = self.folder = workshop.path(name)
        os.makedirs(f"{folder}/data")
        with open(f"{folder}/slapd.conf", "w") as file:
            file.write(f"""include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
threads 4
sizelimit unlimited
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{SERVICE}" read by * none
database mdb
maxsize {2**30 + people * 8192}
suffix {SUFFIX}
directory {folder}/data
index objectClass,uid,entryUUID,member eq
""")
        with open(f"{folder}/people.ldif", "w") as file:
            file.write(f"dn: {SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: bench\no: Bench\n\n")
            file.write(f"dn: {SERVICE}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: service\nuserPassword: service\n\n")
            for unit in ("people", "groups"):
                file.write(f"dn: ou={unit},{SUFFIX}\nobjectClass: organizationalUnit\nou: {unit}\n\n")
            for number in range(1, people + 1):
                file.write(person(number))
            for entry in groups:
                file.write(entry)
        subprocess.run(["/usr/sbin/slapadd", "-q", "-f", f"{folder}/slapd.conf", "-l", f"{folder}/people.ldif"], check=True)
        os.remove(f"{folder}/people.ldif")
        self.child = workshop.start(["/usr/sbin/slapd", "-f", f"{folder}/slapd.conf", "-h", f"ldap://127.0.0.1:{self.port}", "-d", "0"],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self.port, self.child)

    def section(self, number, name, port=None, dn_cache="10m", bind_connections=64, groups=None):
        """A [[directory]] of the configuration; `groups` is the base of the groups, searched and nested."""
        rule = f'mode = "search"\nbase = "{groups}"\nnested = true' if groups else 'mode = "none"'
        return f"""[[directory]]
id = {number}
name = "{name}"
kind = "openldap"
urls = ["ldap://127.0.0.1:{port or self.port}"]
bind_dn = "{SERVICE}"
bind_password_file = "bind.secret"
user_base = "{PEOPLE}"
dn_cache = "{dn_cache}"
bind_connections = {bind_connections}
[directory.groups]
{rule}
"""


class SlowProxy:
    """A way to a directory on which every bind takes so long."""

    def __init__(self, workshop, directory, milliseconds):
        self.child = workshop.start([sys.executable, f"{HERE}/slowproxy.py", str(directory.port), str(milliseconds)],
                                    stdout=subprocess.PIPE, text=True)
        self.port = int(self.child.stdout.readline())


class Postgres:
    """PostgreSQL as it comes, which waits for the disk."""

    PROGRAMS = "/usr/lib/postgresql/15/bin"

    def __init__(self, workshop):
        # It does not run as root, and nobody else may get into the folder of the run: on the disk, and open to all.
        folder, self.port = workshop.folder("/var/tmp"), free_port()
        user = []
        if os.getuid() == 0:
            user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
            os.chown(folder, 65534, 65534)
        subprocess.run([*user, f"{self.PROGRAMS}/initdb", "-D", f"{folder}/data", "-U", "bench", "--auth=trust", "-E", "UTF8", "--no-locale"],
                       check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.child = workshop.start([*user, f"{self.PROGRAMS}/postgres", "-D", f"{folder}/data", "-p", str(self.port),
                                     "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
        wait_for(self.port, self.child)
        while subprocess.run([f"{self.PROGRAMS}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode != 0:
            time.sleep(0.1)

    def number(self, query):
        return int(output_of([f"{self.PROGRAMS}/psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "-At", "-c", query, "postgres"]))

    @property
    def storage(self):
        return f'url = "postgresql://bench@127.0.0.1:{self.port}/postgres"\n[tokens]\nmaster_key_file = "master.key"'


class Daemon:
    """A daemon with a store of its own, SQLite unless told otherwise; it can be stopped and started again on the same store."""

    def __init__(self, workshop, binary, name, sections, environment=None, storage='url = "sqlite:store.db"'):
        self.workshop, self.binary = workshop, binary
        self.environment = {**os.environ, **(environment or {})}
        self.folder = workshop.path(name)
        self.config = f"{self.folder}/ldapauthd.toml"
        os.mkdir(self.folder, 0o700)
        self.port, self.admin_port = free_port(), free_port()
        for file, text in (("bind.secret", "service"), ("client.secret", SECRET)):
            with open(f"{self.folder}/{file}", "w") as out:
                out.write(text)
        first = next(line.split('"')[1] for line in sections[0].splitlines() if line.startswith("name"))
        with open(self.config, "w") as file:
            file.write(f"""[http]
listen = ["127.0.0.1:{self.port}"]
admin_listen = ["127.0.0.1:{self.admin_port}"]
idle_timeout = "10m"
max_connections = 20000
[storage]
{storage}
[log]
level = "warning"
[authentication]
order = ["{first}", "local"]
{"".join(sections)}[[client]]
id = "login"
grants = ["password"]
scopes = ["api"]
[[client]]
id = "{CLIENT}"
secret_file = "client.secret"
grants = ["password", "refresh_token"]
scopes = ["api"]
default_scopes = ["api"]
""")
        self.start()

    @property
    def store(self):
        return f"{self.folder}/store.db"

    def spawn(self):
        # The audit log is on, as it is in production: one line per login, into a file.
        with open(f"{self.folder}/log", "ab") as log:
            self.child = self.workshop.start([self.binary, "serve", "--config", self.config], stdout=log, stderr=log, env=self.environment)

    def start(self):
        self.spawn()
        wait_for(self.port, self.child)

    def stop(self):
        end(self.child)
        self.workshop.children.remove(self.child)

    def url(self, path="", admin=False):
        return f"http://127.0.0.1:{self.admin_port if admin else self.port}{path}"

    def post(self, path, form):
        request = urllib.request.Request(self.url(path), urllib.parse.urlencode(form).encode())
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def login(self, number=1, directory=1):
        name = uid(number)
        return self.post("/token", {"Grant_type": "password", "UserName": name, "Password": name, "LDAPServerId": directory})

    def grant(self, number):
        """The answer of a password grant, which has a refresh token."""
        name = uid(number)
        form = {"grant_type": "password", "username": name, "password": name, "client_id": CLIENT, "client_secret": SECRET}
        return self.post("/api/v1/auth/token", form)

    def add_local_accounts(self):
        for number in range(1, LOCAL_ACCOUNTS + 1):
            with open(f"{self.folder}/password", "w") as file:
                file.write(f"local{number:06}")
            output_of([self.binary, "user", "add", f"local{number:06}", "--password-file", f"{self.folder}/password", "--config", self.config])
        # A running daemon obeys within a second.
        time.sleep(1.2)

    def complaints(self):
        """The first lines of its log that speak of a refusal or an error."""
        with open(f"{self.folder}/log", errors="replace") as log:
            return [line for line in log if "refused" in line or "error" in line][:5]
