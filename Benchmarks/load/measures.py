"""One measurement each: load for some seconds, and what it cost."""
import concurrent.futures, json, os, resource, socket, statistics, struct, subprocess, time, urllib.request

from harness import HERE, cpu, end, free_port, memory, output_of, reset_peak, stop
from servers import SERVICE, Daemon, uid

TOKENS = 1000  # of as many sessions
PAGES = {"constant": ("/healthz", True), "verify": ("/api/v1/auth/verify", False), "introspect": ("/api/v1/auth/introspect", False),
         "jwks": ("/.well-known/jwks.json", False)}


def per_thousand(before, after, done):
    return (after - before) / (max(done, 1) / 1000)


def wrk(script, url, connections, seconds, *arguments):
    threads = min(2, connections)
    output = output_of(["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "15s", "--latency", "-s", f"{HERE}/{script}.lua",
                        url, "--", *map(str, arguments), str(threads)], seconds)
    result = json.loads(next(line for line in output.splitlines() if line.startswith("JSON "))[5:])
    result["errors"] += result.pop("status_errors")
    return result


def watched(daemon, directory, run):
    """`run`'s result, with the processor time and the memory of the daemon."""
    child = daemon.child
    reset_peak(child)
    before = cpu(child), cpu(directory.child)
    result = run()
    result["daemon_cpu_s_per_1000"] = per_thousand(before[0], cpu(child), result["done"])
    result["slapd_cpu_s_per_1000"] = per_thousand(before[1], cpu(directory.child), result["done"])
    result["rss_mib"], result["peak_mib"] = memory(child), memory(child, "VmHWM")
    return result


def logins(daemon, directory, connections, seconds, kind="form", people=None, number=1, prefix="user", order="random"):
    return watched(daemon, directory, lambda: wrk("login", daemon.url("/token"), connections, seconds, kind, people or directory.people,
                                                  number, prefix, order))


def raw(program, mode, directory, connections, seconds):
    """The raw limit of the directory: libldap without HTTP, tokens or a store."""
    before, mine = cpu(directory.child), resource.getrusage(resource.RUSAGE_CHILDREN)
    result = json.loads(output_of([program, mode, f"ldap://127.0.0.1:{directory.port}", directory.base, SERVICE, "service",
                                   str(directory.people), str(connections), str(seconds)], seconds))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    del result["mode"]
    result["client_cpu_s_per_1000"] = per_thousand(mine.ru_utime + mine.ru_stime, after.ru_utime + after.ru_stime, result["done"])
    result["slapd_cpu_s_per_1000"] = per_thousand(before, cpu(directory.child), result["done"])
    return result


def grants(daemon, people, count):
    """Answers of password grants, each of a session of its own."""
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(daemon.grant, (number % people + 1 for number in range(count))))


def refreshes(daemon, directory, connections, seconds, file):
    # Fresh ones each time: those under way when a measurement ends are lost. Twice as many as connections, of as many people.
    with open(file, "w") as out:
        for answer in grants(daemon, directory.people, 2 * connections + 64):
            out.write(answer["refresh_token"] + "\n")
    return watched(daemon, directory, lambda: wrk("refresh", daemon.url("/api/v1/auth/token"), connections, seconds, file))


def token_file(daemon, directory, file):
    """A file of access tokens; wrk counts answers and does not read them, so what is said of one is looked at here, once."""
    tokens = [answer["access_token"] for answer in grants(daemon, directory.people, TOKENS)]
    with open(file, "w") as out:
        out.writelines(token + "\n" for token in tokens)
    verify = urllib.request.Request(daemon.url(PAGES["verify"][0]), headers={"Authorization": f"Bearer {tokens[0]}"})
    with urllib.request.urlopen(verify, timeout=30) as answer:
        if answer.status != 200 or not answer.headers["X-Auth-User"]:
            stop("verify does not know a token just issued")
    form = {"token": tokens[0], "client_id": "bench", "client_secret": "bench-secret"}
    if daemon.post(PAGES["introspect"][0], form).get("active") is not True:
        stop("introspect does not know a token just issued")
    return file


def pages(name, daemon, directory, connections, seconds, tokens):
    path, admin = PAGES[name]
    mode = name if name in ("verify", "introspect") else "plain"
    return watched(daemon, directory, lambda: wrk("ask", daemon.url(path, admin), connections, seconds, mode, tokens))


def paced(pacer, daemon, people, rate, total, connections, number=1):
    """A program that sends logins of the first `people` at a fixed rate; collect with `paced_result`."""
    return subprocess.Popen([pacer, str(daemon.port), str(rate), str(total), str(connections), str(people), str(number)],
                            stdout=subprocess.PIPE, text=True)


def paced_result(child):
    output, _ = child.communicate(timeout=900)
    if child.returncode:
        stop(f"pacer ended with {child.returncode}")
    result = json.loads(output)
    # Those that were answered with an error are among those not done.
    result["errors"] += result.pop("status_errors")
    return result


def slow_directory(pacer, daemon, directory, seconds, rate):
    """Logins at a fixed rate at a fast directory (2), alone and while as many are asked of one that takes its time (1)."""
    alone = paced_result(paced(pacer, daemon, directory.people, rate, rate * seconds, 64, 2))
    slow = paced(pacer, daemon, directory.people, rate, rate * seconds, 512, 1)
    beside = paced_result(paced(pacer, daemon, directory.people, rate, rate * seconds, 64, 2))
    served = paced_result(slow)
    return {"alone": alone, "beside": beside, "slow": served}


class IdleConnections:
    """Kept connections that asked once and wait. Sixteen source addresses, so that the ports of one do not run out."""

    def __init__(self, daemon, count):
        self.sockets = []
        self.question = f"GET /.well-known/jwks.json HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\n\r\n".encode()
        for number in range(count):
            one = socket.socket()
            one.settimeout(10)
            one.bind((f"127.0.0.{2 + number % 16}", 0))
            one.connect(("127.0.0.1", daemon.port))
            self.sockets.append(one)
            if not self.answers(one):
                stop(f"the daemon closed connection {number + 1} of {count}")

    def answers(self, one):
        try:
            one.sendall(self.question)
            data = b""
            while b"\r\n\r\n" not in data:
                more = one.recv(65536)
                if not more:
                    return False
                data += more
            head, _, body = data.partition(b"\r\n\r\n")
            length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            while len(body) < length:
                body += one.recv(65536)
            return head.startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def close(self):
        """How many still answered."""
        held = sum(self.answers(one) for one in self.sockets)
        for one in self.sockets:
            one.close()
        return held


def room_for_connections(count):
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return count + 500 <= soft


def settle(child, seconds=10):
    """Waits until the resident set stands still for a second."""
    before = memory(child)
    for _ in range(seconds):
        time.sleep(1)
        now = memory(child)
        if abs(now - before) < 0.25:
            return now
        before = now
    return before


def idle_connections(daemon, directory, count, connections, seconds, runs):
    """What so many idle connections cost in memory, and what logins notice of them; alternating."""
    logins(daemon, directory, connections, seconds)
    without, beside, held, kib = [], [], [], 0
    for turn in range(runs):
        without.append(logins(daemon, directory, connections, seconds))
        before = settle(daemon.child)
        idle = IdleConnections(daemon, count)
        if turn == 0:
            kib = (settle(daemon.child) - before) * 1024 / count
        beside.append(logins(daemon, directory, connections, seconds))
        held.append(idle.close())
        # All of them are closed before the next measurement begins.
        time.sleep(2)
    ratios = [after["p99_ms"] / before["p99_ms"] for before, after in zip(without, beside)]
    return {"connections": count, "held": min(held), "kib_each": kib, "p99_ms_without": statistics.median(row["p99_ms"] for row in without),
            "p99_ms_with": statistics.median(row["p99_ms"] for row in beside), "p99_ratio": statistics.median(ratios),
            "rate_without": statistics.median(row["rate"] for row in without), "rate_with": statistics.median(row["rate"] for row in beside),
            "errors": sum(row["errors"] for row in without + beside)}


def start_times(daemon, runs):
    """Milliseconds from starting the program to the first answered login, on a store that exists."""
    times = []
    for _ in range(runs):
        daemon.stop()
        began = time.perf_counter()
        daemon.spawn()
        while True:
            try:
                socket.create_connection(("127.0.0.1", daemon.port), 1).close()
                break
            except OSError:
                if daemon.child.poll() is not None:
                    stop("the daemon does not start on its own store")
                time.sleep(0.001)
        daemon.login()
        times.append((time.perf_counter() - began) * 1000)
    return times


class AllocationCounter:
    """A daemon whose allocations and syncs are counted."""

    def __init__(self, workshop):
        self.workshop = workshop
        self.library = workshop.compile("allocations.c", "-shared", "-fPIC", name="allocations.so")
        proof = workshop.compile("allocations.c", "-DPROOF", name="allocations-proof")
        file = self.new_file("proof")
        said = subprocess.run([proof], check=True, capture_output=True, text=True, env=self.environment(file), cwd=workshop.home).stdout.split()
        if said != ["1000", "10"]:
            stop(f"the counter of allocations counted {said} instead of 1000 and 10")

    def new_file(self, name):
        file = self.workshop.path(f"{name}.counts")
        with open(file, "wb") as out:
            out.write(bytes(16))
        return file

    def environment(self, file):
        return {**os.environ, "LD_PRELOAD": self.library, "ALLOCATIONS_FILE": file}

    def logins(self, binary, pacer, directory, section, total=2000):
        """Allocations a login under some load, and syncs of the disk a login when there is one at a time."""
        file = self.new_file("daemon")
        # So few that all of them have been here before those are counted.
        people = min(directory.people, 1000)
        daemon = Daemon(self.workshop, binary, f"counted-{free_port()}", [section], self.environment(file))

        def counted(rate, count, connections):
            before = struct.unpack("ll", open(file, "rb").read())
            result = paced_result(paced(pacer, daemon, people, rate, count, connections))
            if result["errors"]:
                stop("logins failed while allocations were counted")
            after = struct.unpack("ll", open(file, "rb").read())
            return (after[0] - before[0]) / count, (after[1] - before[1]) / count

        counted(0, max(total, 8 * people), 16)  # caches, lazy globals
        many, alone = counted(0, total, 16), counted(0, 200, 1)
        end(daemon.child)
        return {"allocations": many[0], "syncs_alone": alone[1]}


def signatures():
    """What one core signs in a second, by OpenSSL, as a measure for any library: {algorithm: rate}."""
    names = {"ES256": ("ecdsap256", "+F4"), "EdDSA": ("ed25519", "+F6"), "RS256": ("rsa2048", "+F2")}
    found = {}
    for name, (algorithm, mark) in names.items():
        line = next(line for line in output_of(["openssl", "speed", "-mr", "-seconds", "1", algorithm]).splitlines() if line.startswith(mark))
        # Signatures, then verifications, are the last two.
        found[name] = float(line.split(":")[-2])
    return found


def soak(daemon, directory, connections, total):
    """The resident set while so many logins are answered, at every tenth."""
    done, errors, points = 0, 0, [{"logins": 0, "rss_mib": settle(daemon.child)}]
    while done < total:
        row = logins(daemon, directory, connections, 10)
        if not row["done"]:
            stop("no login was answered")
        done, errors = done + row["done"], errors + row["errors"]
        if done >= total or done - points[-1]["logins"] >= total / 10:
            points.append({"logins": done, "rss_mib": memory(daemon.child)})
    half = next(point["rss_mib"] for point in points if point["logins"] >= total / 2)
    return {"logins": done, "errors": errors, "points": points, "rss_mib": points[-1]["rss_mib"],
            "growth_of_second_half": points[-1]["rss_mib"] / half - 1, "peak_mib": memory(daemon.child, "VmHWM")}
