"""The AuthnRequest that sends a browser to the identity provider."""

from __future__ import annotations

from datetime import UTC

from lxml import etree

from app.rules.connections import Flow
from saml.documents import HTTP_POST, SAML, SAMLP, Element
from saml.settings import ServiceProvider


def authn_request(sso_url: str, *, service_provider: ServiceProvider, flow: Flow) -> Element:
    """Built as a tree, so that nothing in it needs escaping by hand.

    No RequestedAuthnContext (Entra refuses when its session used another method) and no NameIDPolicy (what the provider
    is set up to send is what it should send).
    """
    request = etree.Element(
        f"{SAMLP}AuthnRequest",
        {
            "ID": flow.request_id,
            "Version": "2.0",
            "IssueInstant": flow.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "Destination": sso_url,
            "AssertionConsumerServiceURL": service_provider.acs_url,
            "ProtocolBinding": HTTP_POST,
        },
        nsmap={"samlp": SAMLP[1:-1], "saml": SAML[1:-1]},
    )
    if flow.authenticate_again:
        request.set("ForceAuthn", "true")
    etree.SubElement(request, f"{SAML}Issuer").text = service_provider.entity_id
    return request
