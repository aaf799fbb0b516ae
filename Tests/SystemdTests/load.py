"""load.py login URL SECONDS THREADS: logs lisa in again and again, each time over a new connection.
load.py refresh URL < TOKENS: sends each refresh token of the standard input once.

Prints one JSON object: the tokens of whole answers with status 200 and, for everything else, what happened how often:
a status, "refused" (no connection), "unanswered" (the connection ended before the first byte), "cut" (after it)."""
import collections, http.client, json, sys, threading, time
from urllib.parse import urlencode, urlsplit

host = urlsplit(sys.argv[2]).netloc
tokens, others, lock = [], collections.Counter(), threading.Lock()


def post(fields):
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        connection.connect()
    except OSError:
        return "refused", None
    try:
        try:
            head = {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"}
            connection.request("POST", "/api/v1/auth/token", urlencode(dict(fields, client_id="web")), head)
            answer = connection.getresponse()
        except (OSError, http.client.HTTPException):
            return "unanswered", None
        try:
            body = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return "cut", None
        return str(answer.status), body
    finally:
        connection.close()


def note(outcome, body):
    with lock:
        if outcome == "200":
            tokens.append(body["refresh_token"])
        else:
            others[outcome] += 1


def login(end):
    while time.monotonic() < end:
        outcome, body = post({"grant_type": "password", "username": "lisa", "password": "lisa-pw"})
        note(outcome, body)
        if outcome == "refused":
            time.sleep(0.05)


if sys.argv[1] == "login":
    end = time.monotonic() + float(sys.argv[3])
    threads = [threading.Thread(target=login, args=(end,)) for _ in range(int(sys.argv[4]))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
else:
    for line in sys.stdin:
        note(*post({"grant_type": "refresh_token", "refresh_token": line.strip()}))
print(json.dumps({"good": len(tokens), "others": others, "tokens": tokens}))
