"""Against npm oidc-provider, which nobody here wrote: setup, there and back; the browser does the same elsewhere."""

from __future__ import annotations

import re
from http.cookiejar import CookieJar
from typing import IO, Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, OpenerDirector, ProxyHandler, build_opener

import pytest

from app.ports.clock import SystemClock
from app.ports.http import GuardedHttp
from app.rules.errors import UnreachableError
from app.rules.identity import ExternalIdentity, GroupsState
from oidc.callback import AuthorizationAnswer
from oidc.discovery import KEYS_TTL, Documents
from oidc.kind import OidcKind
from tests.identity_providers import OidcIdentityProvider
from tests.oidc.provider import MemoryCache
from tests.oidc.sign_in import SignIn
from tests.servers.identity_providers import ADA, OidcIdp

BASE_URL = "http://127.0.0.1:8000"
CALLBACK = f"{BASE_URL}/oidc/conn_1/callback"


class StopAtCallback(HTTPRedirectHandler):
    """Follows the provider's redirects and leaves the last one, to us, as an answer."""

    def redirect_request(  # noqa: PLR0917 (urllib's signature)
        self, req: Any, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if newurl.startswith(CALLBACK):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@pytest.fixture(scope="module")
def idp(oidc_idp: OidcIdp) -> OidcIdentityProvider:
    return oidc_idp(redirect_uris=[CALLBACK])


def _browser() -> OpenerDirector:
    return build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()), StopAtCallback())


def _choose(url: str, choice: dict[str, str]) -> list[tuple[str, str]]:
    """Go to the provider, press one button on its page, and return the query of the way back."""
    browser = _browser()
    with browser.open(url, timeout=10) as page:
        action = re.search(r'action="([^"]+)"', page.read().decode())
        assert action is not None
        target = urljoin(page.url, action.group(1))
    with pytest.raises(HTTPError) as way_back:
        browser.open(target, urlencode(choice).encode(), timeout=10)
    location = way_back.value.headers["location"]
    way_back.value.close()
    return parse_qsl(urlsplit(location).query, keep_blank_values=True)


def _prepared(idp: OidcIdentityProvider, *, is_test: bool = False) -> tuple[OidcKind, SignIn]:
    clock = SystemClock()
    kind = OidcKind(base_url=BASE_URL, http=GuardedHttp(True), cache=MemoryCache(), clock=clock)
    sign_in = SignIn(
        secret=idp.client_secret, verified_hosts=frozenset({"example.test"}), started_at=clock.now(), is_test=is_test
    )
    submitted = {"issuer": idp.issuer, "client_id": idp.client_id, "client_secret": idp.client_secret}
    sign_in.settings = kind.read_settings({**submitted, "scopes": "email profile groups"}).settings
    return kind, sign_in


@pytest.mark.parametrize("is_test", [False, True], ids=["sign-in", "test sign-in"])
@pytest.mark.parametrize("in_id_token", [False, True], ids=["claims from userinfo", "claims in the ID token"])
def test_there_and_back_through_a_real_provider(idp: OidcIdentityProvider, in_id_token: bool, is_test: bool) -> None:
    idp.control(claims_in_id_token=in_id_token)
    kind, sign_in = _prepared(idp, is_test=is_test)
    answer = AuthorizationAnswer.read(_choose(kind.start(sign_in.revision, sign_in.flow), {"user": ADA.id}))
    assert (answer.state, answer.issuer) == ("flow_1", idp.issuer)
    identity = kind.verifier(answer)(sign_in.revision, sign_in.flow, SystemClock().now())
    assert isinstance(identity, ExternalIdentity), identity
    assert (identity.issuer, identity.subject) == (idp.issuer, ADA.id)
    assert (identity.email, identity.name) == (ADA.email, "Ada Lovelace")
    assert identity.groups.state is GroupsState.PRESENT
    assert identity.groups.values == set(ADA.groups)
    assert (identity.authenticated_at is not None) is is_test


def test_a_refusal_at_a_real_provider_is_named(idp: OidcIdentityProvider) -> None:
    kind, sign_in = _prepared(idp)
    answer = AuthorizationAnswer.read(_choose(kind.start(sign_in.revision, sign_in.flow), {"refuse": "1"}))
    rejected = kind.verifier(answer)(sign_in.revision, sign_in.flow, SystemClock().now())
    assert not isinstance(rejected, ExternalIdentity)
    assert rejected.name == "access_denied"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"verifier": "w" * 43}, "code_refused"),
        ({"secret": "another"}, "client_refused"),
        ({"nonce": "another"}, "nonce_wrong"),
        ({"verified_hosts": frozenset({"other.test"})}, "profile_not_allowed_outside_organization"),
    ],
)
def test_a_real_answer_is_refused_for_another_sign_in(
    idp: OidcIdentityProvider, change: dict[str, Any], name: str
) -> None:
    kind, sign_in = _prepared(idp)
    answer = AuthorizationAnswer.read(_choose(kind.start(sign_in.revision, sign_in.flow), {"user": ADA.id}))
    for field, value in change.items():
        setattr(sign_in, field, value)
    rejected = kind.verifier(answer)(sign_in.revision, sign_in.flow, SystemClock().now())
    assert not isinstance(rejected, ExternalIdentity)
    assert rejected.name == name


def test_a_real_provider_s_rotation_is_seen(idp: OidcIdentityProvider) -> None:
    now = SystemClock().now()
    documents = Documents(http=GuardedHttp(True), cache=MemoryCache())
    url = documents.discovery(idp.issuer, now=now).jwks_uri
    before = documents.keys(url, now=now)
    idp.rotate_keys()
    assert documents.keys(url, now=now) == before
    after = documents.keys(url, now=now + KEYS_TTL)
    assert {key.key_id for key in after}.isdisjoint({key.key_id for key in before})


def test_loopback_is_refused_without_the_development_switch(idp: OidcIdentityProvider) -> None:
    kind = OidcKind(base_url=BASE_URL, http=GuardedHttp(False), cache=MemoryCache(), clock=SystemClock())
    with pytest.raises(UnreachableError, match="not on the public internet"):
        kind.read_settings({"issuer": idp.issuer, "client_id": "a", "client_secret": "b"})
