"""A sign-in that the identity provider, or another site, begins here (OpenID Connect Core 1.0, section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.rules.connections import Revision, Wish
from app.rules.errors import InvalidInputError
from oidc.settings import OidcSettings


def read_wish(parameters: Mapping[str, Sequence[str]]) -> Wish:
    """From all values of each parameter. Unknown ones are ignored, and of the known ones those that come twice, but for
    `iss`: whatever stands there must be the issuer of the connection, character by character. It may be left out, as in
    a link that somebody keeps: there is one provider for each address.
    """

    def check(revision: Revision) -> None:
        expected = OidcSettings.stored(revision.settings).issuer
        if any(issuer != expected for issuer in parameters.get("iss", ())):
            raise InvalidInputError("This sign-in was begun for another identity provider.", field="iss")

    return Wish(check, email=_only(parameters, "login_hint"), target=_only(parameters, "target_link_uri"))


def _only(parameters: Mapping[str, Sequence[str]], name: str) -> str:
    values = parameters.get(name, ())
    return values[0] if len(values) == 1 else ""
