"""The person behind verified claims: stable key, address, name and groups, and what Entra and Google do differently."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.rules.identity import UNKNOWN_GROUPS, ReceivedGroups
from app.rules.identity_providers import Provider, provider_of
from oidc.claims import is_plain_text
from oidc.providers import entra_tenant
from oidc.rejections import Name, RejectedError, shown
from oidc.settings import EmailVerification, OidcSettings

# One plain ASCII address. Outside ASCII, lower-casing can make one person's letters another's: the Kelvin sign is a k.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
_LONGEST_ADDRESS = 254
_LONGEST_NAME = 200
_TRUE = (True, "true", "True", "1")


@dataclass(frozen=True, slots=True)
class Claims:
    """What the ID token says, and what userinfo adds to it; the signed token wins wherever both speak."""

    token: Mapping[str, Any]
    userinfo: Mapping[str, Any] = field(default_factory=dict)

    def get(self, name: str) -> Any:
        """The claim, from the ID token if it is there."""
        value = self.token.get(name)
        return self.userinfo.get(name) if value is None else value

    @property
    def merged(self) -> dict[str, Any]:
        return {**self.userinfo, **self.token}


def stable_key(claims: Claims, settings: OidcSettings) -> str:
    """The subject, which stays when name and address change. Raises RejectedError.

    Entra's `sub` differs from application to application, so there it is the object id within its tenant.
    """
    token = claims.token
    if provider_of(settings.issuer) is not Provider.ENTRA:
        return str(token["sub"])
    tenant = entra_tenant(settings.issuer)
    if token.get("tid") != tenant:
        raise RejectedError(Name.TENANT_WRONG, expected=f"tid {tenant}", received=shown(token.get("tid")))
    if not is_plain_text(token.get("oid"), longest=100):
        raise RejectedError(Name.OBJECT_ID_MISSING, expected="oid", received=shown(token.get("oid")))
    return f"{tenant}/{token['oid']}"


def check_hosted_domain(claims: Claims, settings: OidcSettings, *, verified_hosts: frozenset[str]) -> None:
    """Google signs anyone in; only `hd` says that an organization stands behind the account. Raises RejectedError."""
    if provider_of(settings.issuer) is not Provider.GOOGLE:
        return
    hosted = claims.token.get("hd")
    if not isinstance(hosted, str) or hosted.lower() not in verified_hosts:
        expected = f"hd: one of {', '.join(sorted(verified_hosts)) or 'no verified domain'}"
        raise RejectedError(Name.HOSTED_DOMAIN_WRONG, expected=expected, received=shown(hosted))


def read_email(claims: Claims, settings: OidcSettings, *, verified_hosts: frozenset[str]) -> str:
    """The address, trimmed and lower-cased, vouched for, on a verified host. Raises RejectedError."""
    received = claims.get(settings.claims.email)
    if received is None or received == "":
        raise RejectedError(Name.EMAIL_MISSING, expected=f"the claim {settings.claims.email}", received="nothing")
    address = received.strip().lower() if isinstance(received, str) and received.isascii() else ""
    found = _ADDRESS.fullmatch(address)
    if found is None or len(address) > _LONGEST_ADDRESS:
        raise RejectedError(Name.EMAIL_INVALID, expected="one plain ASCII address", received=shown(received))
    _check_verified(claims, settings)
    if found.group(1) not in verified_hosts:
        expected = f"an address at {', '.join(sorted(verified_hosts)) or 'a verified domain (there is none)'}"
        raise RejectedError(Name.OUTSIDE_ORGANIZATION, expected=expected, received=shown(address))
    return address


def says_verified(claims: Claims, settings: OidcSettings) -> bool | None:
    """What the provider says of the address: verified, not verified, or nothing (None).

    Userinfo's word counts only for the address that is used. Entra has no email_verified; `xms_edov` says that the
    domain's owner verified it. Anything that is not plainly yes is no.
    """
    names = ["email_verified"] + (["xms_edov"] if provider_of(settings.issuer) is Provider.ENTRA else [])
    email = settings.claims.email
    same = claims.userinfo.get(email) == claims.get(email)
    sources = (claims.token, claims.userinfo) if same else (claims.token,)
    said = [source[name] for source in sources for name in names if source.get(name) is not None]
    return all(_is_yes(value) for value in said) if said else None


def _check_verified(claims: Claims, settings: OidcSettings) -> None:
    verified = says_verified(claims, settings)
    if verified is False:
        raise RejectedError(Name.EMAIL_NOT_VERIFIED, expected="email_verified: true", received="not verified")
    if verified is None and settings.claims.email_verification is EmailVerification.REQUIRED:
        raise RejectedError(Name.EMAIL_VERIFICATION_MISSING, expected="email_verified: true", received="nothing")


def _is_yes(value: object) -> bool:
    return value in _TRUE if isinstance(value, bool | str) else value == 1


def read_name(claims: Claims, settings: OidcSettings) -> str:
    """The display name, or given and family name, or nothing: a name is never a reason to refuse."""
    full = claims.get(settings.claims.name)
    if is_plain_text(full, longest=_LONGEST_NAME):
        return str(full).strip()
    parts = [claims.get("given_name"), claims.get("family_name")]
    return " ".join(str(part).strip() for part in parts if is_plain_text(part, longest=_LONGEST_NAME // 2))


def read_groups(claims: Claims, settings: OidcSettings) -> ReceivedGroups:
    """The groups; unknown when there is no such claim, when Entra says that they are too many, or when it is odd."""
    if has_overage(claims, settings):
        return UNKNOWN_GROUPS
    received = claims.get(settings.claims.groups)
    values = [received] if isinstance(received, str) else received
    if not isinstance(values, list) or not all(is_plain_text(value) for value in values):
        return UNKNOWN_GROUPS
    return ReceivedGroups.of(frozenset(values))


def has_overage(claims: Claims, settings: OidcSettings) -> bool:
    """Whether the groups are only pointed at (distributed claims; Entra does so from 200 groups on)."""
    for source in (claims.token, claims.userinfo):
        elsewhere = source.get("_claim_names")
        if isinstance(elsewhere, dict) and settings.claims.groups in elsewhere:
            return True
        if _is_yes(source.get("hasgroups")):
            return True
    return False
