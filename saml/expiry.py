"""When the signing certificates of an identity provider end, and where it makes new ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from app.rules.certificates import Certificate
from app.rules.connections import Settings
from app.rules.expiry import Expiring, Expiry
from app.rules.following import metadata_url
from app.rules.identity_providers import Provider, provider_of

_RENEWALS: Mapping[Provider, str] = MappingProxyType(
    {
        Provider.OKTA: "In Okta: Applications > your app > Sign On > SAML Signing Certificates, choose Generate new "
        "certificate and leave it inactive at first.",
        Provider.ENTRA: "In Entra: Enterprise applications > your app > Single sign-on > SAML Certificates > Edit, "
        "choose New Certificate and leave it inactive at first.",
        Provider.GOOGLE: "In Google Admin: Apps > Web and mobile apps > your app > Service provider details > Manage "
        "certificates, choose Add certificate.",
        Provider.OTHER: "Have the identity provider make a new signing certificate beside the present one.",
    }
)


#: How it comes to be known here, before the provider signs with it.
_BY_ITSELF = (
    "This connection follows the provider's metadata: a certificate that appears there is trusted by itself. See that "
    "the new one is in it before the identity provider signs with it."
)
_BY_HAND = (
    "Then edit the connection here so that it knows both certificates, test it and put it in force before the identity "
    "provider signs with the new one."
)


def certificate_expiries(settings: Settings, certificates: tuple[Certificate, ...]) -> tuple[Expiry, ...]:
    """One for each of these certificates, with which the identity provider of these settings signs."""
    renewal = f"{_RENEWALS[product_of(settings)]} {_BY_ITSELF if metadata_url(settings) else _BY_HAND}"
    ends = (datetime.fromisoformat(certificate.not_after) for certificate in certificates)
    return tuple(Expiry(Expiring.SIGNING_CERTIFICATE, end, renewal) for end in ends)


def product_of(settings: Settings) -> Provider:
    """Which product the identity provider is: by its entity ID or, where that is a name of one's own, by where people
    sign in.
    """
    idp = settings["idp"]
    known = (provider_of(idp.get(name, "")) for name in ("entity_id", "sso_url"))
    return next((provider for provider in known if provider is not Provider.OTHER), Provider.OTHER)
