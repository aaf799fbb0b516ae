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

# What stands on the pages, pasted into a shell.
statuses = {}
for operations in document["paths"].values():
    for operation in operations.values():
        name = operation["operationId"]
        page = requests.get(f"{base}/help/{name}", timeout=10).text
        line = html.unescape(re.search(r'<pre id="curl">(.*?)</pre>', page, re.S)[1])
        shell = subprocess.run(
            ["sh", "-c", line + " -o /dev/null -w '%{http_code}'"],
            env={"TOKEN": token, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=30,
        )
        assert shell.returncode == 0, (name, line, shell.stderr)
        assert shell.stdout in operation["responses"], (name, line, shell.stdout)
        statuses[name] = shell.stdout
for name in "post-token", "post-api-v1-auth-token", "get-help-endpoint", "get-openapi.json", "post-api-v1-auth-introspect":
    assert statuses[name] == "200", statuses
print("ok")
