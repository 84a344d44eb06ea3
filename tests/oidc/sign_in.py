"""One sign-in with everything that takes part in it: the worlds that are accepted, before anything is mutated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.rules.connections import Flow, Revision
from app.rules.identity import ExternalIdentity, Rejection
from app.rules.ids import ConnectionId, RevisionId
from oidc.callback import AuthorizationAnswer
from oidc.kind import OidcKind
from tests.oidc.provider import CLIENT_ID, CLIENT_SECRET, NOW, MemoryCache, Provider, SetClock

BASE_URL = "https://doorward.test"
_A_MINUTE_AGO = int(NOW.timestamp()) - 60
TENANT = "11111111-2222-3333-4444-555555555555"


@dataclass
class SignIn:
    """Change one field, then `finish`."""

    provider: Provider = field(default_factory=Provider)
    cache: MemoryCache = field(default_factory=MemoryCache)
    clock: SetClock = field(default_factory=SetClock)
    query: list[tuple[str, str]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    secret: str = CLIENT_SECRET
    verified_hosts: frozenset[str] = frozenset({"acme.test"})
    nonce: str = "nonce-1"
    verifier: str = "v" * 43
    started_at: datetime = NOW - timedelta(minutes=2)
    is_test: bool = False
    email_hint: str | None = None

    def __post_init__(self) -> None:
        self.query = [("state", "flow_1"), ("code", "code-1"), ("iss", self.provider.issuer)]
        self.settings = {
            "issuer": self.provider.issuer,
            "client_id": CLIENT_ID,
            "scopes": ["openid", "email", "profile"],
            "claims": {"email": "email", "name": "name", "groups": "groups", "email_verification": "required"},
        }

    @property
    def kind(self) -> OidcKind:
        return OidcKind(base_url=BASE_URL, http=self.provider, cache=self.cache, clock=self.clock)

    @property
    def revision(self) -> Revision:
        return Revision(
            connection_id=ConnectionId("conn_1"),
            revision_id=RevisionId("rev_1"),
            settings=self.settings,
            secrets={"client_secret": self.secret},
            verified_hosts=self.verified_hosts,
        )

    @property
    def flow(self) -> Flow:
        return Flow(
            handle="flow_1",
            request_id="",
            nonce=self.nonce,
            verifier=self.verifier,
            started_at=self.started_at,
            authenticate_again=self.is_test,
            email_hint=self.email_hint,
        )

    def finish(self) -> ExternalIdentity | Rejection:
        """What the callback makes of it."""
        verify = self.kind.verifier(AuthorizationAnswer.read(self.query))
        return verify(self.revision, self.flow, self.clock.now())

    def accepted(self) -> ExternalIdentity:
        """The identity; a rejection fails the test by its name."""
        result = self.finish()
        assert isinstance(result, ExternalIdentity), result
        return result

    def rejected(self) -> Rejection:
        result = self.finish()
        assert isinstance(result, Rejection), result
        return result


Make = Callable[[], SignIn]


def plain() -> SignIn:
    """Everything stands in the ID token."""
    return SignIn()


def thin() -> SignIn:
    """The profile comes from userinfo only, as with most providers in the code flow."""
    sign_in = SignIn()
    for name in ("email", "email_verified", "name", "groups"):
        sign_in.provider.userinfo[name] = sign_in.provider.claims.pop(name)
    return sign_in


def rehearsal() -> SignIn:
    """A test sign-in: the person signed in again after it began."""
    return SignIn(is_test=True)


def entra() -> SignIn:
    sign_in = SignIn(Provider(issuer=f"https://login.microsoftonline.com/{TENANT}/v2.0"))
    del sign_in.provider.claims["email_verified"], sign_in.provider.claims["auth_time"]
    sign_in.provider.claims.update(tid=TENANT, oid="0-0-1", xms_edov=True)
    return sign_in


def google() -> SignIn:
    sign_in = SignIn(Provider(issuer="https://accounts.google.com"))
    del sign_in.provider.claims["groups"], sign_in.provider.claims["auth_time"]
    sign_in.provider.claims.update(hd="acme.test")
    return sign_in


def entra_with_many_groups() -> SignIn:
    """From 200 groups on the claim is replaced by where to ask for it."""
    sign_in = entra()
    del sign_in.provider.claims["groups"]
    source = {"endpoint": f"https://graph.windows.net/{TENANT}/users/0-0-1/getMemberObjects"}
    sign_in.provider.claims.update(_claim_names={"groups": "src1"}, _claim_sources={"src1": source})
    return sign_in


def entra_with_hidden_groups() -> SignIn:
    """Where the token must be short there is only a word that there are some."""
    sign_in = entra()
    del sign_in.provider.claims["groups"]
    sign_in.provider.claims["hasgroups"] = True
    return sign_in


def google_of_old() -> SignIn:
    """An issuer without its scheme, and truth as text."""
    sign_in = google()
    sign_in.provider.claims.update(iss="accounts.google.com", email_verified="true")
    return sign_in


def okta() -> SignIn:
    """With an access token beside it the ID token says who it is and nothing more; groups by the scope of that name."""
    sign_in = SignIn(Provider(issuer="https://acme.okta.com"))
    for name in ("email", "email_verified", "name"):
        sign_in.provider.userinfo[name] = sign_in.provider.claims.pop(name)
    sign_in.provider.userinfo["groups"] = ["Everyone", *sign_in.provider.claims.pop("groups")]
    sign_in.provider.claims.update(ver=1, amr=["mfa", "otp", "pwd"], idp="00o1", jti="ID.1", auth_time=_A_MINUTE_AGO)
    del sign_in.provider.discovery["authorization_response_iss_parameter_supported"]
    sign_in.query = [("code", "code-1"), ("state", "flow_1")]
    return sign_in


def keycloak() -> SignIn:
    """The realm stands in the issuer, groups are paths, and a session id comes with the answer."""
    issuer = "https://keycloak.example.test/realms/acme"
    sign_in = SignIn(Provider(issuer=issuer))
    sign_in.provider.claims.update(
        sub="6f0e0b8e-0a5a-4b7e-9c0e-0d6a2f6f9f1a",
        typ="ID",
        azp=CLIENT_ID,
        acr="1",
        sid="sid-1",
        preferred_username="ada",
        groups=["/eng", "/eng/admins"],
    )
    sign_in.query.append(("session_state", "sid-1"))
    return sign_in


ACCEPTED: dict[str, Make] = {
    "plain": plain,
    "thin": thin,
    "rehearsal": rehearsal,
    "entra": entra,
    "entra with many groups": entra_with_many_groups,
    "entra with hidden groups": entra_with_hidden_groups,
    "google": google,
    "google of old": google_of_old,
    "okta": okta,
    "keycloak": keycloak,
}
