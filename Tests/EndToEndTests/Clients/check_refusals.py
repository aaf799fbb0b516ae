"""Every refusal the API knows, brought about, is found in the OpenAPI document: status, text and challenges. Arguments: BASE"""
import re, sys

import requests

base = sys.argv[1]
document = requests.get(f"{base}/openapi.json", timeout=10).json()
TOKEN, LOGIN, AUTH = "/api/v1/auth/token", "/token", "/api/v1/auth"
web, person = ("web", "web-secret"), {"username": "terry-j", "password": "terry-j"}
seen, faults = set(), []


def opening(text):
    """Up to where a text may name a value."""
    return re.split("[:']", text)[0]


def told(operation, answer):
    response = operation["responses"].get(str(answer.status_code))
    if response is None:
        return "its status"
    body = answer.json()
    examples = [example["value"] for example in response["content"]["application/json"]["examples"].values()]
    if not any(
        opening(example["Message"]) == opening(body["Message"]) and example.get("error") == body.get("error")
        for example in examples
    ):
        return "its text"
    header = response.get("headers", {}).get("WWW-Authenticate", {})
    known = {header.get("example")} | {example["value"] for example in header.get("examples", {}).values()}
    challenges = answer.raw.headers.getlist("WWW-Authenticate")
    return None if set(challenges) <= known else "its challenges"


def refused(status, text, method, path, where=None, **request):
    """Sends a request, and expects this refusal and the document to tell of it."""
    answer = requests.request(method, base + path, timeout=20, **request)
    said = answer.json().get("error_description") or answer.json()["Message"]
    challenges = answer.raw.headers.getlist("WWW-Authenticate")
    if answer.status_code != status or said != text:
        faults.append(f"{method} {path} {request}: {answer.status_code} {said}, not {status} {text}")
    missing = told(document["paths"][where or path.split("?")[0]][method.lower()], answer)
    if missing:
        faults.append(f"{method} {path}: the document does not tell {missing}: {answer.status_code} {said} {challenges}")
    seen.add((path, said, tuple(challenges)))
    return challenges


def granted(auth=web, **fields):
    answer = requests.post(base + TOKEN, data={"grant_type": "password"} | fields, auth=auth, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


# The body
for path in LOGIN, TOKEN, f"{AUTH}/introspect", f"{AUTH}/revoke":
    refused(415, "The request entity's media type 'text/plain' is not supported for this resource.", "POST", path,
            data=b"x", headers={"Content-Type": "text/plain"})
    refused(415, "The request entity's content encoding 'gzip' is not supported for this resource.", "POST", path,
            data=b"x", headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})
    refused(415, "The request contains an entity body but no Content-Type header. The inferred media type "
            "'application/octet-stream' is not supported for this resource.", "POST", path, data=b"x")
    refused(400, "The request is invalid.", "POST", path, data=b"{", headers={"Content-Type": "application/json"})
    refused(413, "Maximum request length exceeded.", "POST", path, data={"a": "x" * 70000})
refused(400, "duplicated parameter", "POST", LOGIN, data=[("Password", "a"), ("Password", "b")])
for path, field in (TOKEN, "username"), (f"{AUTH}/introspect", "token"), (f"{AUTH}/revoke", "token"):
    refused(400, "duplicated parameter", "POST", path, data=[(field, "a"), (field, "b")])
    refused(400, "Only one client authentication method may be used", "POST", path, auth=web,
            data={"grant_type": "password", "client_id": "web", "client_secret": "web-secret", "token": "x"})

# POST /token
def login(status, text, bearer=None, **fields):
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return refused(status, text, "POST", LOGIN, headers=headers, data={"grant_type": "password"} | person | fields)

login(400, "Missing form parameter: grant_type", grant_type="")
login(400, 'Grant_type only support "password" now.', grant_type="refresh_token")
login(400, "Missing parameter: username", username="")
login(400, "Missing parameter: password", password="")
login(400, "The value '2' is not valid for IsInSessionAuth.", IsInSessionAuth=2)
login(400, "The request is invalid.", LDAPServerId="abc")
login(400, "Unknown LDAP server id", LDAPServerId=99)
login(400, "Invalid user credentials", password="wrong")
login(400, "Account disabled", username="gone", password="gone")
assert login(401, "Authorization has been denied for this request.", bearer="x", IsInSessionAuth=1) == [
    'Bearer error="invalid_token"'
]
login(400, "The session belongs to another client", bearer=granted(**person)["access_token"], IsInSessionAuth=1)
other = requests.post(base + LOGIN, data={"grant_type": "password", "username": "other", "password": "other"}, timeout=20)
login(400, "The session belongs to another user", bearer=other.json()["access_token"], IsInSessionAuth=1)

# POST /api/v1/auth/token
def token(status, text, auth=web, **fields):
    return refused(status, text, "POST", TOKEN, auth=auth, data={"grant_type": "password"} | fields)

token(400, "Missing form parameter: grant_type", grant_type="")
token(400, "Unsupported grant_type", grant_type="Password")
basic = ['Basic realm="ldapauthd"']
for path in TOKEN, f"{AUTH}/introspect", f"{AUTH}/revoke":
    fields = {"grant_type": "password", "token": "x"}
    assert refused(401, "Invalid client", "POST", path, data=fields, auth=("nobody", "x")) == basic
    assert refused(401, "Invalid client", "POST", path, data=fields | {"client_id": "nobody"}) == []
    assert refused(401, "Invalid client credentials", "POST", path, data=fields, auth=("web", "wrong")) == basic
token(400, "Client not allowed for this grant", auth=None, client_id="login", grant_type="refresh_token")
token(400, "Invalid scopes: x y", scope="read x y", **person)
token(400, "Windows sign-on without a password is not switched on here", WindowsAuthentication="true")
token(400, "Missing parameter: username", password="x")
token(400, "Missing parameter: password", username="x")
token(400, "Invalid user credentials", username="terry-j", password="wrong")
token(400, "Account disabled", username="gone", password="gone")


def refresh(text, presented, auth=web, **fields):
    return token(400, text, auth=auth, grant_type="refresh_token", refresh_token=presented, **fields)


def successor(presented):
    return granted(grant_type="refresh_token", refresh_token=presented)["refresh_token"]


refresh("No refresh token", "")
refresh("Invalid refresh token", "x")
first = granted(**person)["refresh_token"]
refresh("Invalid refresh token. Token client and authorized client don't match", first, auth=("api", "web-secret"))
refresh("Invalid scopes: write", granted(scope="read", **person)["refresh_token"], scope="write")
successor(successor(first))
refresh("Maximum allowed refresh token reuse exceeded", first)
refresh("Session not active", first)

# Tokens
for path in f"{AUTH}/introspect", f"{AUTH}/revoke":
    refused(400, "Missing parameter: token", "POST", path, auth=web)
refused(401, "Invalid client", "POST", f"{AUTH}/introspect", data={"client_id": "login", "token": "x"})
own = granted(grant_type="client_credentials")["access_token"]
live = granted(**person)["access_token"]
refused(400, "The token belongs to another client", "POST", f"{AUTH}/revoke", auth=("api", "web-secret"), data={"token": live})
refused(400, "A client's own token has no session to end; it expires by itself", "POST", f"{AUTH}/revoke", auth=web,
        data={"token": own})


def bearer(token):
    return {"headers": {"Authorization": f"Bearer {token}"}}


# Passwords
change, old = f"{AUTH}/password", {"username": "other", "password": "other"}
for text, fields in (
    ("Missing parameter: username", {"password": "x", "new_password": "y"}),
    ("Missing parameter: password", {"username": "x", "new_password": "y"}),
    ("Missing parameter: new_password", old),
    ("Unknown LDAP server id", old | {"new_password": "y", "LDAPServerId": 99}),
    ("The new password is the same as the present one", old | {"new_password": "other"}),
    ("Invalid user credentials", {"username": "other", "password": "wrong", "new_password": "y"}),
    ("duplicated parameter", [("password", "a"), ("password", "b")]),
):
    refused(400, text, "POST", change, data=fields)
fields = {"password": "x", "new_password": "y"}
assert refused(401, "Authorization has been denied for this request.", "POST", change, data=fields, **bearer("x")) == [
    'Bearer error="invalid_token"'
]
refused(403, "The token is a client's own and belongs to no person and no session", "POST", change, data=fields, **bearer(own))

number = f"{AUTH}/sessions/{{DTTSessionId}}"
denied = "Authorization has been denied for this request."
for method, path, where in (("GET", f"{AUTH}/userinfo", None), ("POST", f"{AUTH}/logout", None),
                            ("GET", f"{AUTH}/sessions", None), ("DELETE", f"{AUTH}/sessions/1", number)):
    assert refused(401, denied, method, path, where) == ["Bearer"]
    assert refused(401, denied, method, path, where, auth=web) == ["Bearer"]
    assert refused(401, denied, method, path, where, **bearer("x")) == ['Bearer error="invalid_token"']
    assert refused(403, "The token is a client's own and belongs to no person and no session", method, path, where,
                   **bearer(own)) == ['Bearer error="insufficient_scope"']
missing = f"No HTTP resource was found that matches the request URI '{base}{AUTH}/sessions/4711'."
refused(404, missing, "DELETE", f"{AUTH}/sessions/4711", number, **bearer(live))
refused(404, f"No HTTP resource was found that matches the request URI '{base}/help/none'.", "GET", "/help/none",
        "/help/{endpoint}")

# Proxies
verify, both = f"{AUTH}/verify", ['Basic realm="ldapauthd", charset="UTF-8"', "Bearer"]
assert refused(401, denied, "GET", verify) == both
assert refused(401, denied, "GET", verify, auth=("terry-j", "wrong")) == both
assert refused(401, denied, "GET", f"{verify}?client_id=web") == ["Bearer"]
assert refused(401, denied, "GET", f"{verify}?client_id=web", auth=("terry-j", "terry-j")) == ["Bearer"]
assert refused(401, denied, "GET", f"{verify}?client_id=api", **bearer(live)) == ['Bearer error="invalid_token"']
refused(403, "Not in any of the groups that may enter", "GET", f"{verify}?groups=", **bearer(live))

# Too many
for attempt in range(8):
    requests.post(base + LOGIN, data={"grant_type": "password", "username": "ann", "password": attempt}, timeout=20)
    requests.post(base + TOKEN, data={"grant_type": "password", "username": "ben", "password": attempt}, auth=web, timeout=20)
    requests.get(base + verify, auth=("cat", str(attempt)), timeout=20)
login(429, "Too many attempts", username="ann")
token(429, "Too many attempts", username="ben", password="x")
refused(429, "Too many attempts", "GET", verify, auth=("cat", "x"))

assert not faults, "\n".join(faults)
assert len(seen) > 84, len(seen)
print("ok")
