"""Authlib: every standard endpoint through the library's own calls. Arguments: BASE USER PASSWORD"""
import os, sys

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback without TLS
import requests
from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata

base, user, password = sys.argv[1:]
metadata = AuthorizationServerMetadata(requests.get(base + "/.well-known/oauth-authorization-server", timeout=10).json())
for name in metadata.REGISTRY_KEYS:
    # Authlib wants https for each address; the test's daemon is on loopback.
    if name == "issuer" or name.endswith("_endpoint") or name == "jwks_uri":
        assert metadata.get(name, base).startswith(base), name
    else:
        getattr(metadata, "validate_" + name)()

for method in "client_secret_basic", "client_secret_post":
    client = OAuth2Session("web", "web-secret", scope="read", token_endpoint_auth_method=method,
                           introspection_endpoint_auth_method=method, revocation_endpoint_auth_method=method)
    token = client.fetch_token(metadata["token_endpoint"], username=user, password=password)
    assert token["token_type"] == "Bearer" and token["scope"] == "read" and token["expires_at"], token

    person = client.get(metadata["userinfo_endpoint"]).json()
    assert person["preferred_username"] == user and person["userId"] >= 1, person

    answer = client.introspect_token(metadata["introspection_endpoint"], token["access_token"], "access_token").json()
    assert answer["active"] is True and answer["sub"] == person["sub"] and answer["client_id"] == "web", answer
    answer = client.introspect_token(metadata["introspection_endpoint"], token["refresh_token"], "refresh_token").json()
    assert answer["active"] is True and answer["token_type"] == "refresh_token", answer

    fresh = client.refresh_token(metadata["token_endpoint"], token["refresh_token"])
    assert fresh["refresh_token"] != token["refresh_token"] and fresh["access_token"] != token["access_token"]

    answer = client.revoke_token(metadata["revocation_endpoint"], fresh["refresh_token"], "refresh_token")
    assert answer.status_code == 200, answer.text
    for dead in token["access_token"], fresh["access_token"], fresh["refresh_token"]:
        answer = client.introspect_token(metadata["introspection_endpoint"], dead)
        assert answer.json() == {"active": False}, answer.text
    assert client.get(metadata["userinfo_endpoint"]).status_code == 401
    try:
        client.refresh_token(metadata["token_endpoint"], fresh["refresh_token"])
    except OAuthError as error:
        assert (error.error, error.description) == ("invalid_grant", "Session not active"), error
    else:
        raise AssertionError("a revoked session was refreshed")

try:
    OAuth2Session("web", "web-secret").fetch_token(metadata["token_endpoint"], username=user, password="wrong")
except OAuthError as error:
    assert (error.error, error.description) == ("invalid_grant", "Invalid user credentials"), error
else:
    raise AssertionError("a wrong password was accepted")

machine = OAuth2Session("web", "web-secret").fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
answer = requests.get(metadata["userinfo_endpoint"], headers={"Authorization": "Bearer " + machine["access_token"]}, timeout=10)
assert answer.status_code == 403 and answer.json()["error"] == "insufficient_scope", answer.text
print("ok")
