"""Metadata as identity providers publish it."""

from __future__ import annotations

import textwrap

from tests.saml.forge import ISSUER, SSO_URL, pair

METADATA_URL = "https://idp.test/metadata.xml"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def key(name: str = "idp", *, use: str = ' use="signing"') -> str:
    folded = "\n".join(textwrap.wrap(pair(name).der, 64))
    return f"""<KeyDescriptor{use}><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data>
    <ds:X509Certificate>{folded}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>"""


def metadata(
    *,
    entity_id: str = ISSUER,
    keys: str | None = None,
    location: str = SSO_URL,
    binding: str = REDIRECT,
    until: str = "",
    protocol: str = "urn:oasis:names:tc:SAML:2.0:protocol",
    roles: int = 1,
) -> str:
    role = f"""<IDPSSODescriptor protocolSupportEnumeration="{protocol}">
    {key() if keys is None else keys}
    <SingleSignOnService Binding="{POST}" Location="https://idp.test/post"/>
    <SingleSignOnService Binding="{binding}" Location="{location}"/></IDPSSODescriptor>"""
    return f"""<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity_id}"{until}>
    <!-- real metadata has comments -->{role * roles}</EntityDescriptor>"""


def several(*entities: str) -> str:
    return f'<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">{"".join(entities)}</EntitiesDescriptor>'
