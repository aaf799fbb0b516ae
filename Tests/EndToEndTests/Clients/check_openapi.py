"""openapi-spec-validator, the samples as they stand, and the command lines of the pages. Arguments: BASE"""
import html, json, re, subprocess, sys

import openapi_spec_validator, requests

base = sys.argv[1]
document = requests.get(f"{base}/openapi.json", timeout=10).json()
openapi_spec_validator.validate(document, cls=openapi_spec_validator.OpenAPIV31SpecValidator)
assert document["servers"] == [{"url": base}], document["servers"]

for path in "/token", "/api/v1/auth/token":
    operation = document["paths"][path]["post"]
    for media, content in operation["requestBody"]["content"].items():
        sample = content["example"]
        if "xml" in media:
            body = sample.encode()
        elif "json" in media:
            body = json.dumps(sample).encode()
        else:
            body = requests.models.RequestEncodingMixin._encode_params(
                {name: str(value).lower() if isinstance(value, bool) else value for name, value in sample.items()}
            )
        answer = requests.post(base + path, data=body, headers={"Content-Type": media}, timeout=20)
        assert answer.status_code == 200, (path, media, answer.text)
        assert "access_token" in answer.text, (path, media, answer.text)
        token = answer.json()["access_token"] if "xml" not in media else token

def log_in():
    """An access token, and the number of a session that is not its own."""
    sample = {"grant_type": "password", "username": "terry-j", "password": "terry-j"}
    granted = requests.post(f"{base}/api/v1/auth/token", data=sample, auth=("web", "web-secret"), timeout=20).json()
    return granted["access_token"], requests.post(f"{base}/token", data=sample, timeout=20).json()["DTTSessionId"]


# What stands on the pages, pasted into a shell by somebody who is logged in: every line works.
lines = 0
for operations in document["paths"].values():
    for operation in operations.values():
        name = operation["operationId"]
        page = requests.get(f"{base}/help/{name}", timeout=10).text
        for line in re.findall(r'<pre class="curl">(.*?)</pre>', page, re.S):
            token, session = log_in()
            # The number of a session is the one thing a page cannot know.
            line = html.unescape(line).replace("/sessions/77'", f"/sessions/{session}'")
            shell = subprocess.run(
                ["sh", "-c", line + " -o /dev/null -w '%{http_code}'"],
                env={"TOKEN": token, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=30,
            )
            assert shell.returncode == 0, (name, line, shell.stderr)
            assert shell.stdout in operation["responses"], (name, line, shell.stdout)
            assert shell.stdout.startswith("2"), (name, line, shell.stdout)
            if "/introspect" in line:
                shell = subprocess.run(["sh", "-c", line], env={"TOKEN": token, "PATH": "/usr/bin:/bin"}, capture_output=True)
                assert json.loads(shell.stdout)["active"] is True, (line, shell.stdout)
            if "/auth/password" in line:
                back = {"username": "terry-j", "password": "a new passphrase", "new_password": "terry-j"}
                assert requests.post(f"{base}/api/v1/auth/password", data=back, timeout=20).status_code == 204
            lines += 1
assert lines > sum(len(operations) for operations in document["paths"].values()), "verify has two"
print("ok")
