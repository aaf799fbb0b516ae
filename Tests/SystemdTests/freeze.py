#!/usr/bin/env python3
"""freeze.py PID NAME: stops the threads called NAME of the ldapauthd in the machine whose process 1 is PID, and no other, until
it is killed itself (ptrace(2): what was seized goes on when its tracer ends)."""
import ctypes, glob, os, sys, time

machine, name = sys.argv[1:]
libc = ctypes.CDLL("libc.so.6", use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


space = os.readlink(f"/proc/{machine}/ns/pid")
frozen = 0
for folder in glob.glob("/proc/[0-9]*"):
    try:
        if os.readlink(f"{folder}/ns/pid") != space or os.readlink(f"{folder}/exe").split("/")[-1] != "ldapauthd":
            continue
    except OSError:
        continue
    for thread in os.listdir(f"{folder}/task"):
        if not read(f"{folder}/task/{thread}/comm").startswith(name):
            continue
        for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
            if libc.ptrace(request, int(thread), None, None):
                sys.exit(f"ptrace: {os.strerror(ctypes.get_errno())}")
        os.waitpid(int(thread), 0x40000000)  # __WALL
        frozen += 1
if not frozen:
    sys.exit(f"there is no thread {name}")
print("frozen", frozen, flush=True)
# What was stopped and then killed is gone only when its tracer has heard of it.
end = time.monotonic() + 300
while time.monotonic() < end:
    try:
        os.waitpid(-1, 0x40000000 | os.WNOHANG)
    except ChildProcessError:
        break
    time.sleep(0.05)
