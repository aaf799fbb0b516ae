"""requests-oauthlib: the password and client_credentials grants, and a session that refreshes itself. Arguments: BASE USER PASSWORD"""
import os, sys

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback without TLS
from oauthlib.oauth2 import BackendApplicationClient, InvalidGrantError, LegacyApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

base, user, password = sys.argv[1:]
token_url, userinfo_url = base + "/api/v1/auth/token", base + "/api/v1/auth/userinfo"
basic = HTTPBasicAuth("web", "web-secret")

session = OAuth2Session(client=LegacyApplicationClient("web", scope=["read"]))
token = session.fetch_token(token_url, username=user, password=password, auth=basic)
assert token.scope == ["read"] or token["scope"] == ["read"], token
assert session.get(userinfo_url).json()["preferred_username"] == user

kept = []
stale = dict(token, expires_in=-1, expires_at=1)  # as if five minutes had passed
renewing = OAuth2Session("web", token=stale, auto_refresh_url=token_url, token_updater=kept.append,
                         auto_refresh_kwargs={"client_id": "web", "client_secret": "web-secret"})
assert renewing.get(userinfo_url).status_code == 200
assert len(kept) == 1 and kept[0]["refresh_token"] != token["refresh_token"], kept

try:
    OAuth2Session(client=LegacyApplicationClient("web")).fetch_token(token_url, username=user, password="wrong", auth=basic)
except InvalidGrantError as error:
    assert error.description == "Invalid user credentials", error.description
else:
    raise AssertionError("a wrong password was accepted")

machine = OAuth2Session(client=BackendApplicationClient("web"))
assert machine.fetch_token(token_url, auth=basic)["access_token"]
print("ok")
