"""What every measurement needs: processes that end with the run, a folder that goes, and what the kernel says of a process."""
import os, platform, resource, shutil, signal, socket, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TICK = os.sysconf("SC_CLK_TCK")
# Nobody waits longer for a program that should have ended by itself.
PATIENCE = 120


def stop(text):
    """Ends the run with a sentence; what was started is stopped on the way out."""
    sys.exit(f"bench: {text}")


def need(*tools):
    for tool in tools:
        if not shutil.which(tool):
            stop(f"{tool} is missing: make bench builds and installs what is needed (scripts/install-packages bench)")


class Workshop:
    """A folder of the run and the processes started in it; leaving it stops and removes both."""

    def __init__(self, keep=False):
        self.children, self.folders, self.keep = [], [], keep

    def __enter__(self):
        # On a disk like a store's: /tmp may be memory, where fdatasync costs nothing.
        scratch = os.path.join(ROOT, ".build")
        os.makedirs(scratch, exist_ok=True)
        self.home = self.folder(scratch)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda *_: sys.exit(1))
        # Idle connections are descriptors, here and in the daemon, which inherits the limit.
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return self

    def __exit__(self, *_):
        # The newest first: the daemons before the directory they ask.
        for child in reversed(self.children):
            end(child)
        if not self.keep:
            for folder in self.folders:
                shutil.rmtree(folder, ignore_errors=True)

    def folder(self, parent):
        self.folders.append(tempfile.mkdtemp(prefix="bench-", dir=parent))
        return self.folders[-1]

    def path(self, *names):
        return os.path.join(self.home, *names)

    def start(self, command, **keywords):
        child = subprocess.Popen(command, **keywords)
        self.children.append(child)
        return child

    def compile(self, source, *flags, name=None):
        """A C file of this folder as a program of the run."""
        target = self.path(name or source.removesuffix(".c"))
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", target, os.path.join(HERE, source), *flags], check=True)
        return target

    def fdatasync_ms(self):
        """The median of fifty writes of a page."""
        times = []
        descriptor = os.open(self.path("sync"), os.O_CREAT | os.O_WRONLY, 0o600)
        for _ in range(50):
            os.pwrite(descriptor, os.urandom(4096), 0)
            began = time.perf_counter()
            os.fdatasync(descriptor)
            times.append((time.perf_counter() - began) * 1000)
        os.close(descriptor)
        return statistics.median(times)

    def require_space(self, wanted, purpose):
        """Whether the disk has `wanted` bytes and a quarter more; otherwise says what is left out."""
        free = shutil.disk_usage(self.home).free
        if free > wanted * 1.25:
            return True
        print(f"left out: {purpose} takes about {wanted / 2**30:.1f} GiB, the disk has {free / 2**30:.1f}", file=sys.stderr)
        return False


def end(child):
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(30)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, child, pause=0.05):
    """Until somebody listens."""
    for _ in range(int(60 / pause)):
        if child.poll() is not None:
            stop(f"{child.args[0]} ended with {child.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
            return
        except OSError:
            time.sleep(pause)
    stop(f"nothing answers on port {port}")


def output_of(command, seconds=0):
    """Standard output of a program that ends by itself."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + PATIENCE).stdout
    except subprocess.CalledProcessError as fault:
        stop(f"{command[0]} ended with {fault.returncode}: {fault.stderr.strip()[-500:]}")


def status(process):
    with open(f"/proc/{process}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()


def cpu(child):
    """Seconds of processor time so far, user and system."""
    fields = status(child.pid)
    return (int(fields[11]) + int(fields[12])) / TICK


def cpu_of_children(child):
    """The same of a process and those it has started and that live."""
    total = cpu(child)
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = status(name)
        except OSError:
            continue
        if int(fields[1]) == child.pid:
            total += (int(fields[11]) + int(fields[12])) / TICK
    return total


def memory(child, field="VmRSS"):
    """The resident set in MiB; VmHWM for the largest since it was reset."""
    with open(f"/proc/{child.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field + ":")) / 1024


def reset_peak(child):
    # proc(5), clear_refs: 5 resets the peak resident set.
    with open(f"/proc/{child.pid}/clear_refs", "w") as file:
        file.write("5")


def machine():
    """What figures depend on."""
    model = "unknown"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {"cores": os.cpu_count(), "processor": model, "memory_gib": round(total / 2**30, 1), "kernel": platform.release()}


def busy():
    """The share of all cores that somebody uses already, over half a second."""
    def now():
        with open("/proc/stat") as file:
            fields = [int(value) for value in file.readline().split()[1:]]
        return sum(fields), fields[3] + fields[4]
    total, idle = now()
    time.sleep(0.5)
    after, rest = now()
    return 1 - (rest - idle) / max(1, after - total)
