"""PyJWT: finds the keys by discovery and verifies a token by them. Arguments: BASE TOKEN AUDIENCE"""
import sys

import jwt, requests

base, token, audience = sys.argv[1:]
for name in "openid-configuration", "oauth-authorization-server":
    document = requests.get(f"{base}/.well-known/{name}", timeout=10).json()
    assert document["issuer"] == base, document
keys = jwt.PyJWKClient(document["jwks_uri"])
key = keys.get_signing_key_from_jwt(token).key
header = jwt.get_unverified_header(token)
assert header["typ"] == "at+jwt", header


def decode(token, **options):
    return jwt.decode(token, key, algorithms=[header["alg"]], **{"audience": audience, "issuer": base, **options})


claims = decode(token, options={"require": ["iss", "sub", "aud", "exp", "iat", "jti"]})
assert claims["client_id"] == "web" and claims["userId"] >= 1 and isinstance(claims["groups"], list), claims
for reason, wrong, error in [
    ("audience", {"audience": "https://other.example"}, jwt.InvalidAudienceError),
    ("issuer", {"issuer": "https://other.example"}, jwt.InvalidIssuerError),
]:
    try:
        decode(token, **wrong)
    except error:
        continue
    raise AssertionError(reason)
head, body, signature = token.split(".")
altered = head + "." + body[:-2] + ("AA" if body[-2:] != "AA" else "BB") + "." + signature
try:
    decode(altered)
except jwt.InvalidTokenError:
    pass
else:
    raise AssertionError("an altered token was accepted")
answer = requests.get(document["jwks_uri"], timeout=10)
again = requests.get(document["jwks_uri"], headers={"If-None-Match": answer.headers["ETag"]}, timeout=10)
assert again.status_code == 304 and "max-age" in answer.headers["Cache-Control"]
print("ok")
