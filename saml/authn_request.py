"""The AuthnRequest that sends a browser to the identity provider, in the HTTP-Redirect binding."""

from __future__ import annotations

import base64
import zlib
from datetime import UTC
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from lxml import etree

from app.rules.connections import Flow, OwnKey
from saml.certificates import load_private_key
from saml.documents import HTTP_POST, SAML, SAMLP, Element
from saml.settings import ServiceProvider

_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def redirect_url(sso_url: str, *, service_provider: ServiceProvider, flow: Flow, key: OwnKey | None) -> str:
    """Where to send the browser. RelayState is the flow's handle; `sso_url` may have a query of its own.

    With `key` the request is signed (RSA-SHA256), in the query as this binding wants it (SAML bindings 3.4.4.1).
    """
    xml = etree.tostring(_authn_request(sso_url, service_provider=service_provider, flow=flow))
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    message = base64.b64encode(deflate.compress(xml) + deflate.flush()).decode()
    query = urlencode({"SAMLRequest": message, "RelayState": flow.handle})
    if key is not None:
        query += "&" + urlencode({"SigAlg": _RSA_SHA256})
        query += "&" + urlencode({"Signature": _signature(query, key)})
    return f"{sso_url}{'&' if '?' in sso_url else '?'}{query}"


def _signature(query: str, key: OwnKey) -> str:
    private = load_private_key(key)
    return base64.b64encode(private.sign(query.encode(), PKCS1v15(), SHA256())).decode()


def _authn_request(sso_url: str, *, service_provider: ServiceProvider, flow: Flow) -> Element:
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
