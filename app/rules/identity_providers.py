"""Which product stands behind an identity provider, by the URL it is known under: its rules and its words differ."""

from __future__ import annotations

from enum import StrEnum
from urllib.parse import urlsplit

_ENTRA_HOSTS = frozenset(
    {"login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn", "sts.windows.net"}
)
_OKTA_DOMAINS = (".okta.com", ".okta-emea.com", ".oktapreview.com", ".okta-gov.com")


class Provider(StrEnum):
    OKTA = "okta"
    ENTRA = "entra"
    GOOGLE = "google"
    OTHER = "other"


def provider_of(url: str) -> Provider:
    """Which product an issuer, an entity ID or a sign-on URL belongs to; unknown ones follow the standard alone."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:  # an entity ID need not be a URL
        return Provider.OTHER
    if host == "accounts.google.com":
        return Provider.GOOGLE
    if host in _ENTRA_HOSTS:
        return Provider.ENTRA
    return Provider.OKTA if host.endswith(_OKTA_DOMAINS) else Provider.OTHER
