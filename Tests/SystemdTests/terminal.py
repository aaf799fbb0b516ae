#!/usr/bin/env python3
"""terminal.py ANSWERS COMMAND…: runs a command on a terminal of its own and types what it asks for.

ANSWERS is a JSON list of [question, answer]: whenever the output ends with a question, its answer is typed. The output goes to
standard output, and the exit code is the command's."""
import json, os, pty, select, sys, time

answers = [(question.encode(), answer.encode()) for question, answer in json.loads(sys.argv[1])]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
tail = b""
end = time.monotonic() + 280
while time.monotonic() < end:
    if not select.select([terminal], [], [], 1)[0]:
        continue
    try:
        octets = os.read(terminal, 4096)
    except OSError:  # EIO: nobody has the other side any more (pty(7)).
        break
    if not octets:
        break
    sys.stdout.buffer.write(octets)
    sys.stdout.flush()
    tail = (tail + octets)[-400:]
    for question, answer in answers:
        if tail.rstrip(b" ").endswith(question):
            os.write(terminal, answer + b"\n")
            tail = b""
            break
else:
    os.kill(pid, 9)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
