"""Fixtures that start identity providers and end all of them with the session."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.identity_providers import OidcIdentityProvider, Person, SamlIdentityProvider, Signing

ADA = Person("u-ada", "ada@example.test", "Ada", "Lovelace", ("Engineering", "Doorward Admins"))
GRACE = Person("u-grace", "grace@example.test", "Grace", "Hopper", ("Engineering",))
PEOPLE = (ADA, GRACE)


@dataclass(frozen=True)
class SamlIdp:
    """Call it to start a SAML identity provider; it stops at the end of the session unless stopped before."""

    stack: ExitStack
    directories: pytest.TempPathFactory

    def __call__(
        self,
        people: Sequence[Person] = PEOPLE,
        *,
        signing: Signing = "assertion",
        encryption_certificate: str | None = None,
    ) -> SamlIdentityProvider:
        started = SamlIdentityProvider.start(
            self.directories.mktemp("saml-idp"),
            people,
            signing=signing,
            encryption_certificate=encryption_certificate,
        )
        self.stack.callback(started.stop)
        return started


@dataclass(frozen=True)
class OidcIdp:
    """Call it to start an OpenID provider; it stops at the end of the session unless stopped before."""

    stack: ExitStack

    def __call__(
        self, people: Sequence[Person] = PEOPLE, *, redirect_uris: Sequence[str] = ("http://127.0.0.1:1/callback",)
    ) -> OidcIdentityProvider:
        started = OidcIdentityProvider.start(people, redirect_uris=redirect_uris)
        self.stack.callback(started.stop)
        return started


@pytest.fixture(scope="session")
def saml_idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SamlIdp]:
    """Return what starts a SAML identity provider: `saml_idp(people, signing="both")`."""
    with ExitStack() as stack:
        yield SamlIdp(stack, tmp_path_factory)


@pytest.fixture(scope="session")
def oidc_idp() -> Iterator[OidcIdp]:
    """Return what starts an OpenID provider: `oidc_idp(people, redirect_uris=[...])`."""
    with ExitStack() as stack:
        yield OidcIdp(stack)
