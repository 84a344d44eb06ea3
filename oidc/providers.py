"""What the issuers of some products say beside the standard: Entra's tenant, Google's two names."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from app.rules.identity_providers import Provider, provider_of

_TENANT = re.compile(r"/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/v2\.0|/)?", re.IGNORECASE)

# Anyone on earth has an account in Microsoft's consumer tenant.
_CONSUMER_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"


def entra_tenant(issuer: str) -> str | None:
    """The tenant id in an Entra issuer; None for `common`, `organizations`, `consumers` and templates: no tenant."""
    found = _TENANT.fullmatch(urlsplit(issuer).path)
    if found is None or found.group(1).lower() == _CONSUMER_TENANT:
        return None
    return found.group(1).lower()


def accepted_issuers(issuer: str) -> frozenset[str]:
    """What `iss` may say: the configured issuer exactly, and for Google also the host alone, as older tokens do."""
    return frozenset({issuer, "accounts.google.com"} if provider_of(issuer) is Provider.GOOGLE else {issuer})
