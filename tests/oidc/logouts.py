"""Logout tokens of a provider, and the cases that are refused: an accepted one with one change each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.ports.http import HttpFailedError
from app.rules.identity import Rejection
from app.rules.logout import EndedThere
from oidc.logout import LONGEST_TOKEN
from oidc.rejections import Name
from tests.oidc.provider import CLIENT_ID, NOW, b64, compact, hmac_signer, json_bytes, rsa_key, signer
from tests.oidc.sign_in import SignIn

EVENT = "http://schemas.openid.net/event/backchannel-logout"
_MOMENT = int(NOW.timestamp())


@dataclass
class Logout:
    """Change one field, then `finish`."""

    sign_in: SignIn = field(default_factory=SignIn)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "k1", "typ": "logout+jwt"})
    claims: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[str, bytes], bytes] = field(default_factory=lambda: signer(rsa_key()))
    form: list[tuple[str, str]] | None = None

    def __post_init__(self) -> None:
        self.claims = {
            "iss": self.sign_in.provider.issuer,
            "aud": CLIENT_ID,
            "iat": _MOMENT,
            "exp": _MOMENT + 120,
            "jti": "logout-1",
            "events": {EVENT: {}},
            "sub": "u-1",
            "sid": "sid-1",
        }

    def token(self) -> str:
        return compact(self.header, json_bytes(self.claims), self.sign)

    def posted(self) -> list[tuple[str, str]]:
        return [("logout_token", self.token())] if self.form is None else self.form

    def finish(self) -> EndedThere | Rejection:
        """What the product says."""
        verify = self.sign_in.kind.logout_verifier(self.posted())
        return verify(self.sign_in.revision, self.sign_in.clock.now())

    def accepted(self) -> EndedThere:
        result = self.finish()
        assert isinstance(result, EndedThere), result
        return result


Mutate = Callable[[Logout], object]


@dataclass(frozen=True)
class LogoutCase:
    name: Name
    situation: str
    mutate: Mutate

    def __str__(self) -> str:
        return f"{self.name}: {self.situation}"


def claim(name: str, value: object) -> Mutate:
    return lambda logout: logout.claims.update({name: value})


def without(*names: str) -> Mutate:
    return lambda logout: [logout.claims.pop(name) for name in names]


def header(**members: object) -> Mutate:
    return lambda logout: logout.header.update(members)


def posted(*form: tuple[str, str]) -> Mutate:
    return lambda logout: setattr(logout, "form", list(form))


def at(**delta: float) -> int:
    return int((NOW + timedelta(**delta)).timestamp())


def id_token(logout: Logout) -> None:
    """What a sign-in brought, posted as a logout token."""
    logout.form = [("logout_token", logout.sign_in.provider.id_token())]


def id_token_with_an_id(logout: Logout) -> None:
    logout.sign_in.provider.claims["jti"] = "a"
    id_token(logout)


def hmac_with_the_secret(logout: Logout) -> None:
    logout.header["alg"] = "HS256"
    logout.sign = hmac_signer(logout.sign_in.secret.encode())


def unsigned(logout: Logout) -> None:
    logout.header["alg"] = "none"
    logout.sign = lambda _algorithm, _signing_input: b""


def twice_in_the_claims(logout: Logout) -> None:
    payload = json_bytes(logout.claims)[:-1] + b', "sub": "u-2"}'
    logout.form = [("logout_token", compact(logout.header, payload, logout.sign))]


def unreachable(logout: Logout) -> None:
    logout.sign_in.provider.answers["/.well-known/openid-configuration"] = HttpFailedError("slow")


LOGOUT_CASES: tuple[LogoutCase, ...] = (
    LogoutCase(Name.LOGOUT_TOKEN_MISSING, "no token", posted()),
    LogoutCase(Name.LOGOUT_TOKEN_MISSING, "an empty token", posted(("logout_token", ""))),
    LogoutCase(Name.LOGOUT_TOKEN_MISSING, "two tokens", lambda logout: setattr(logout, "form", logout.posted() * 2)),
    LogoutCase(Name.LOGOUT_TOKEN_MISSING, "a token beyond the limit",
               posted(("logout_token", "a" * (LONGEST_TOKEN + 1)))),
    LogoutCase(Name.PROVIDER_UNREACHABLE, "a logout while discovery fails", unreachable),
    LogoutCase(Name.LOGOUT_TOKEN_MALFORMED, "no JWT", posted(("logout_token", "a.b"))),
    LogoutCase(Name.LOGOUT_TOKEN_MALFORMED, "an encrypted one", posted(("logout_token", "a.b.c.d.e"))),
    LogoutCase(Name.LOGOUT_TOKEN_MALFORMED, "a header that is none", posted(("logout_token", f"{b64(b'x')}.e30.e30"))),
    LogoutCase(Name.LOGOUT_TOKEN_MALFORMED, "a kid that is a number", header(kid=1)),
    LogoutCase(Name.LOGOUT_TOKEN_MALFORMED, "claims that say sub twice", twice_in_the_claims),
    LogoutCase(Name.ALGORITHM_NOT_ALLOWED, "an unsigned logout", unsigned),
    LogoutCase(Name.ALGORITHM_NOT_ALLOWED, "a logout under the client's secret", hmac_with_the_secret),
    LogoutCase(Name.CRITICAL_HEADER_REFUSED, "a logout with crit", header(crit=["exp"])),
    LogoutCase(Name.KEY_UNKNOWN, "a logout by an unknown key", header(kid="k2")),
    LogoutCase(Name.SIGNATURE_INVALID, "a logout signed with another key",
               lambda logout: setattr(logout, "sign", signer(rsa_key(2)))),
    LogoutCase(Name.LOGOUT_TYPE_WRONG, "an access token", header(typ="at+jwt")),
    LogoutCase(Name.SIGNATURE_INVALID, "a logout whose typ is no text", header(typ=["logout+jwt"])),
    LogoutCase(Name.LOGOUT_ISSUER_WRONG, "another issuer", claim("iss", "https://evil.test")),
    LogoutCase(Name.LOGOUT_ISSUER_WRONG, "a list", claim("iss", ["https://idp.example.test"])),
    LogoutCase(Name.LOGOUT_ISSUER_WRONG, "none", without("iss")),
    LogoutCase(Name.LOGOUT_AUDIENCE_WRONG, "another client", claim("aud", "another")),
    LogoutCase(Name.LOGOUT_AUDIENCE_WRONG, "others beside us", claim("aud", [CLIENT_ID, "another"])),
    LogoutCase(Name.LOGOUT_AUDIENCE_WRONG, "none", without("aud")),
    LogoutCase(Name.LOGOUT_TIME_MISSING, "no iat", without("iat")),
    LogoutCase(Name.LOGOUT_TIME_MISSING, "no exp", without("exp")),
    LogoutCase(Name.LOGOUT_TIME_MISSING, "iat as text", claim("iat", str(_MOMENT))),
    LogoutCase(Name.LOGOUT_NOT_YET_VALID, "made a second over the skew ahead", claim("iat", at(seconds=121))),
    LogoutCase(Name.LOGOUT_EXPIRED, "ended as long ago as the skew", claim("exp", at(seconds=-120))),
    LogoutCase(Name.LOGOUT_TOO_OLD, "made long ago, valid until 9999",
               lambda logout: logout.claims.update(iat=at(minutes=-12), exp=253_402_300_799)),
    LogoutCase(Name.LOGOUT_ID_MISSING, "no jti", without("jti")),
    LogoutCase(Name.LOGOUT_ID_MISSING, "an empty jti", claim("jti", "")),
    LogoutCase(Name.LOGOUT_ID_MISSING, "an ID token in its place", id_token),
    LogoutCase(Name.LOGOUT_EVENT_MISSING, "no events", without("events")),
    LogoutCase(Name.LOGOUT_EVENT_MISSING, "another event", claim("events", {"http://schemas.openid.net/event/a": {}})),
    LogoutCase(Name.LOGOUT_EVENT_MISSING, "a list", claim("events", [EVENT])),
    LogoutCase(Name.LOGOUT_EVENT_MISSING, "an event that is no object", claim("events", {EVENT: True})),
    LogoutCase(Name.LOGOUT_EVENT_MISSING, "an ID token with a jti in its place", id_token_with_an_id),
    LogoutCase(Name.LOGOUT_NONCE_PRESENT, "a nonce", claim("nonce", "a")),
    LogoutCase(Name.LOGOUT_NAMES_NOBODY, "neither sub nor sid", without("sub", "sid")),
    LogoutCase(Name.LOGOUT_NAMES_NOBODY, "an empty sid", claim("sid", "")),
    LogoutCase(Name.LOGOUT_NAMES_NOBODY, "a sub with a NUL", claim("sub", "u\0")),
    LogoutCase(Name.LOGOUT_NAMES_NOBODY, "a sub that is too long", claim("sub", "u" * 256)),
)  # fmt: skip
