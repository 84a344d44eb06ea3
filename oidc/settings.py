"""The settings of an OIDC connection: as an administrator types them, as they are stored, and as they are read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from app.rules.connections import Settings, SettingsRead
from app.rules.errors import InvalidInputError
from app.rules.identity_providers import Provider, provider_of
from oidc.claims import is_plain_text
from oidc.discovery import is_acceptable_url
from oidc.providers import entra_tenant

DEFAULT_SCOPES = ("openid", "email", "profile")

_SECRET = "client_secret"  # noqa: S105 (a name, not a secret)
_EXPIRES = "client_secret_expires_at"
_KNOWN = ("issuer", "client_id", _SECRET, _EXPIRES, "scopes", "claims")
_KNOWN_CLAIMS = ("email", "name", "groups", "email_verification")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,100}")  # RFC 6749, section 3.3
_MOST_SCOPES = 30
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class EmailVerification(StrEnum):
    """Whether the provider must say that it verified an address. An explicit no is refused under both.

    `required` is the default: whoever can choose their own address at the provider could otherwise become someone
    else here. `assumed` is for providers that never say so (Entra without xms_edov, LemonLDAP) and that give addresses
    out themselves.
    """

    REQUIRED = "required"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class ClaimNames:
    """Under which claims the profile is found."""

    email: str = "email"
    name: str = "name"
    groups: str = "groups"
    email_verification: EmailVerification = EmailVerification.REQUIRED


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """One revision's settings without its secret; of that, when it ends, if somebody has said so: from the first moment
    (UTC) of that day on it is not relied upon.
    """

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    claims: ClaimNames
    client_secret_expires_at: date | None = None

    @classmethod
    def stored(cls, settings: Settings) -> OidcSettings:
        """From what `as_json` made."""
        claims, ends = settings["claims"], settings.get(_EXPIRES)
        return cls(
            issuer=settings["issuer"],
            client_id=settings["client_id"],
            scopes=tuple(settings["scopes"]),
            claims=ClaimNames(
                email=claims["email"],
                name=claims["name"],
                groups=claims["groups"],
                email_verification=EmailVerification(claims["email_verification"]),
            ),
            client_secret_expires_at=date.fromisoformat(ends) if ends else None,
        )

    def as_json(self) -> dict[str, Any]:
        """JSON values, to store and to show."""
        ends = self.client_secret_expires_at
        return {
            "issuer": self.issuer,
            "client_id": self.client_id,
            **({_EXPIRES: ends.isoformat()} if ends else {}),
            "scopes": list(self.scopes),
            "claims": {
                "email": self.claims.email,
                "name": self.claims.name,
                "groups": self.claims.groups,
                "email_verification": self.claims.email_verification.value,
            },
        }

    def as_typed(self) -> dict[str, str]:
        """As an administrator types them."""
        flat = {name: value for name, value in self.as_json().items() if isinstance(value, str)}
        claims = {f"claims.{name}": value for name, value in self.as_json()["claims"].items()}
        return {**flat, "scopes": " ".join(self.scopes), **claims}


def read_submitted(
    submitted: Settings, *, stored: SettingsRead | None = None, now: datetime
) -> tuple[OidcSettings, str]:
    """Settings and client secret as typed, or the secret that is `stored` for the same client. Raises InvalidInputError
    naming the field; fetches nothing.
    """
    _refuse_unknown(submitted, known=_KNOWN)
    issuer, client_id = _read_issuer(submitted.get("issuer")), _read_text(submitted, "client_id")
    kept = None if submitted.get(_SECRET) or stored is None else _kept(stored, issuer=issuer, client_id=client_id)
    settings = OidcSettings(
        issuer=issuer,
        client_id=client_id,
        scopes=_read_scopes(submitted.get("scopes")),
        claims=_read_claims(submitted.get("claims")),
        client_secret_expires_at=_read_end(submitted.get(_EXPIRES), kept, now=now),
    )
    return settings, kept.secret if kept is not None else _read_text(submitted, _SECRET)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A secret that goes on being used, and the day on which it ends."""

    secret: str
    ends: date | None


def _kept(stored: SettingsRead, *, issuer: str, client_id: str) -> _Kept | None:
    """The stored secret, where it is for the same client of the same issuer, and may be kept at all."""
    present = OidcSettings.stored(stored.settings)
    if (present.issuer, present.client_id) != (issuer, client_id) or _SECRET not in stored.secrets:
        return None
    return _Kept(stored.secrets[_SECRET], present.client_secret_expires_at)


def _refuse_unknown(submitted: Mapping[str, Any], *, known: tuple[str, ...], prefix: str = "") -> None:
    for name in submitted:
        if name not in known:
            field = f"{prefix}{name}"[:100]
            raise InvalidInputError(f"There is no such setting; there are {', '.join(known)}.", field=field)


def _read_issuer(value: object) -> str:
    issuer = value.strip() if isinstance(value, str) else ""
    if not is_acceptable_url(issuer, loopback=True) or "?" in issuer:
        raise InvalidInputError("Enter the issuer: an https:// URL without query or fragment.", field="issuer")
    if issuer.endswith("/.well-known/openid-configuration"):
        raise InvalidInputError("Enter the issuer, not the discovery URL: leave out /.well-known/...", field="issuer")
    if provider_of(issuer) is Provider.ENTRA and entra_tenant(issuer) is None:
        raise InvalidInputError(
            "Enter the issuer of your own tenant: https://login.microsoftonline.com/<Directory (tenant) ID>/v2.0. "
            "The shared ones (common, organizations, consumers) let anyone in.",
            field="issuer",
        )
    return issuer


def _read_text(submitted: Mapping[str, Any], name: str) -> str:
    value = submitted.get(name)
    text = value.strip() if isinstance(value, str) else ""
    if not is_plain_text(text):
        label = name.replace("_", " ")
        raise InvalidInputError(f"Enter the {label} that the identity provider shows.", field=name)
    return text


def _read_end(value: object, kept: _Kept | None, *, now: datetime) -> date | None:
    """A day to come: one that has passed is most likely that of the secret before. A secret that is kept keeps its day,
    unless another one is given, or none ("").
    """
    if value is None and kept is not None:
        return kept.ends
    if value is None or value == "":
        return None
    try:
        day = date.fromisoformat(value) if isinstance(value, str) and _DAY.fullmatch(value) else None
    except ValueError:
        day = None
    if day is None:
        raise InvalidInputError("Enter a day, as in 2027-01-31.", field=_EXPIRES)
    if kept is not None and day == kept.ends:
        return day
    if day <= now.astimezone(UTC).date():
        raise InvalidInputError("Enter the day on which this client secret ends: one to come.", field=_EXPIRES)
    return day


def _read_scopes(value: object) -> tuple[str, ...]:
    scopes = value.split() if isinstance(value, str) else value
    if scopes is None or scopes == []:
        return DEFAULT_SCOPES
    if not isinstance(scopes, list) or len(scopes) > _MOST_SCOPES:
        raise InvalidInputError("Enter the scopes as a list, or with spaces between them.", field="scopes")
    if not all(isinstance(scope, str) and _SCOPE.fullmatch(scope) for scope in scopes):
        raise InvalidInputError("A scope is a word of ASCII letters, digits and signs.", field="scopes")
    return tuple(dict.fromkeys(["openid", *scopes]))  # without openid it is not a sign-in


def _read_claims(value: object) -> ClaimNames:
    if value is None:
        return ClaimNames()
    if not isinstance(value, Mapping):
        raise InvalidInputError(f"Enter the claims as an object with {', '.join(_KNOWN_CLAIMS)}.", field="claims")
    _refuse_unknown(value, known=_KNOWN_CLAIMS, prefix="claims.")
    names = {name: _read_claim_name(value, name) for name in ("email", "name", "groups")}
    verification = _read_verification(value.get("email_verification"))
    if names["email"] != "email" and verification is EmailVerification.REQUIRED:
        raise InvalidInputError(
            "email_verified speaks of the claim email only. To take the address from another claim, set "
            "email_verification to assumed, if nobody can choose that claim's value themselves.",
            field="claims.email_verification",
        )
    return ClaimNames(**names, email_verification=verification)


def _read_claim_name(value: Mapping[str, Any], name: str) -> str:
    chosen = value.get(name) or name
    if not is_plain_text(chosen, longest=200):
        raise InvalidInputError("Enter the name of a claim.", field=f"claims.{name}")
    return str(chosen).strip()


def _read_verification(value: object) -> EmailVerification:
    for choice in EmailVerification:
        if value == choice.value:
            return choice
    if value is None or value == "":
        return EmailVerification.REQUIRED
    raise InvalidInputError("Choose required or assumed.", field="claims.email_verification")
