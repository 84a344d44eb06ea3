"""Which identity provider an issuer belongs to, as far as its rules or its administrator's vocabulary differ."""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import urlsplit

_ENTRA_HOSTS = frozenset(
    {"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "sts.windows.net"}
)
_OKTA_DOMAINS = (".okta.com", ".okta-emea.com", ".oktapreview.com", ".okta-gov.com")
_TENANT = re.compile(r"/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/v2\.0|/)?", re.IGNORECASE)

# Anyone on earth has an account in Microsoft's consumer tenant.
_CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"


class Provider(StrEnum):
    OKTA = "okta"
    ENTRA = "entra"
    GOOGLE = "google"
    OTHER = "other"


def provider_of(issuer: str) -> Provider:
    """Which product stands behind an issuer URL; unknown ones follow the standard alone."""
    host = urlsplit(issuer).hostname or ""
    if host == "accounts.google.com":
        return Provider.GOOGLE
    if host in _ENTRA_HOSTS:
        return Provider.ENTRA
    return Provider.OKTA if host.endswith(_OKTA_DOMAINS) else Provider.OTHER


def entra_tenant(issuer: str) -> str | None:
    """The tenant id in an Entra issuer; None for `common`, `organizations`, `consumers` and templates: no tenant."""
    found = _TENANT.fullmatch(urlsplit(issuer).path)
    if found is None or found.group(1).lower() == _CONSUMER_TENANT:
        return None
    return found.group(1).lower()


def accepted_issuers(issuer: str) -> frozenset[str]:
    """What `iss` may say: the configured issuer exactly, and for Google also the host alone, as older tokens do."""
    return frozenset({issuer, "accounts.google.com"} if provider_of(issuer) is Provider.GOOGLE else {issuer})
