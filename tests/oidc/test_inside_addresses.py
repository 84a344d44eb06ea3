"""A provider that names inside addresses as its own: nothing is asked of them, however they are spelled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from app.ports.http import GuardedHttp, HttpAnswer
from oidc.kind import OidcKind
from oidc.rejections import Name
from tests.oidc.provider import Provider
from tests.oidc.sign_in import BASE_URL, SignIn, plain, thin
from tests.ports.listening import HOSTILE_HOSTS, OK, Listener, saying


@pytest.fixture(scope="module")
def canary() -> Iterator[Listener]:
    with closing(Listener(saying(OK), tls=None, address=("127.0.0.1", 0))) as listener:
        yield listener


@dataclass
class Outside:
    """The provider at its own host; every other request is really sent, as a server in production would."""

    provider: Provider
    guarded: GuardedHttp = field(default_factory=lambda: GuardedHttp(False, seconds=1))

    def get(self, url: str, *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return self._end(url).get(url, headers=headers)

    def post_form(self, url: str, fields: Mapping[str, str], *, headers: Mapping[str, str] | None = None) -> HttpAnswer:
        return self._end(url).post_form(url, fields, headers=headers)

    def _end(self, url: str) -> Provider | GuardedHttp:
        at_home = url.startswith(f"https://{urlsplit(self.provider.issuer).netloc}/")
        return self.provider if at_home else self.guarded


@dataclass
class Straying(SignIn):
    """A sign-in with a provider that may send us elsewhere."""

    @property
    def kind(self) -> OidcKind:
        return OidcKind(base_url=BASE_URL, http=Outside(self.provider), cache=self.cache, clock=self.clock)


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
@pytest.mark.parametrize("endpoint", ["issuer", "jwks_uri", "token_endpoint", "userinfo_endpoint"])
def test_inside_address_is_not_asked_for_anything(host: str, endpoint: str, canary: Listener) -> None:
    inside = f"https://{host}:{canary.port}/asked"
    made = thin() if endpoint == "userinfo_endpoint" else plain()
    straying = Straying(made.provider)
    if endpoint == "issuer":
        straying.settings["issuer"] = inside
    else:
        straying.provider.discovery[endpoint] = inside
    assert straying.rejected().name in {Name.DISCOVERY_INVALID, Name.PROVIDER_UNREACHABLE}
    assert canary.connections == 0


def test_outside_the_same_sign_in_is_accepted() -> None:
    assert Straying(plain().provider).accepted().email == "ada@acme.test"
